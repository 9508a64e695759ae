/** Figures as people read them; a missing figure is a dash, never a zero. */

export const DASH = '–';

type Maybe = number | null | undefined;

export function fixed(value: Maybe, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const text = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return text.replace('-', '−');
}

export function dbm(value: Maybe): string {
  return withUnit(fixed(value, 1), 'dBm');
}

export function db(value: Maybe): string {
  return withUnit(fixed(value, 1), 'dB');
}

export function count(value: Maybe): string {
  return fixed(value, 0);
}

export function km(value: Maybe): string {
  return withUnit(fixed(value, value !== null && value !== undefined && value >= 100 ? 0 : 1), 'km');
}

/** A length in m: as metres below 1 km, else as km. */
export function length(value_m: Maybe): string {
  if (value_m === null || value_m === undefined) return DASH;
  return value_m < 1000 ? withUnit(fixed(value_m, 0), 'm') : withUnit(fixed(value_m / 1000, 2), 'km');
}

/** An area in m²: as m² below 0.1 km², else as km². */
export function area(value_m2: Maybe): string {
  if (value_m2 === null || value_m2 === undefined) return DASH;
  if (value_m2 < 1e5) return withUnit(fixed(value_m2, 0), 'm²');
  return withUnit(fixed(value_m2 / 1e6, value_m2 < 1e8 ? 2 : 0), 'km²');
}

/**
 * A share or probability, 0-1, in per cent.
 *
 * A figure that is not quite 0 or 1 never reads as one: 0.9996 is ">99.9 %".
 */
export function percent(value: Maybe): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  if (value > 0 && value < 0.001) return '<0.1 %';
  if (value < 1 && value > 0.999) return '>99.9 %';
  return `${fixed(value * 100, 1)} %`;
}

/** Chainage as it is written on the posts: 12,345 m is K12+345. */
export function chainage(value_m: Maybe): string {
  if (value_m === null || value_m === undefined) return DASH;
  const whole = Math.round(value_m);
  const kilometres = Math.floor(whole / 1000);
  return `K${kilometres}+${String(whole - kilometres * 1000).padStart(3, '0')}`;
}

export function chainageRange(from_m: Maybe, to_m: Maybe): string {
  if (from_m === null || from_m === undefined) return DASH;
  return `${chainage(from_m)} – ${chainage(to_m)}`;
}

/** About a metre: finer would claim more than a position knows. */
export function position(lon: number, lat: number): string {
  return `${lon.toFixed(5)}, ${lat.toFixed(5)}`;
}

function withUnit(text: string, unit: string): string {
  return text === DASH ? text : `${text} ${unit}`;
}
