/** Legend entries that several layers share. */

import { fixed } from '../text/format';
import type { Translate } from '../i18n';
import type { Verdict } from '../api/types';
import type { LegendEntry, Swatch } from './overlay';
import { FADING, MEASURED, ranges, VERDICT_COLORS, type Scale } from './scale';

export function verdictEntries(
  t: Translate,
  draw: (color: string) => Swatch,
  unmeasured: Swatch,
): LegendEntry[] {
  const label = (verdict: Verdict) => t(`verdict.${verdict}`);
  const measured = MEASURED.map((verdict) => ({
    swatch: draw(VERDICT_COLORS[verdict]),
    label: label(verdict),
  }));
  return [...measured, { swatch: unmeasured, label: label('unmeasured') }];
}

export function scaleEntries(scale: Scale, draw: (color: string) => Swatch): LegendEntry[] {
  return ranges(scale).map(({ color, from, to }) => ({
    swatch: draw(color),
    label: rangeLabel(value(scale, from), value(scale, to)),
  }));
}

/** Shares of area by the strength that they are drawn with, from much to little. */
export function fadingEntries(color: string): LegendEntry[] {
  const [low, ...others] = FADING.breaks.map((limit) => fixed(limit * 100, 0));
  const labels = [`< ${low ?? ''}`, ...[low, ...others].map((limit) => `≥ ${limit ?? ''}`)];
  return FADING.opacities
    .map((opacity, i): LegendEntry => ({ swatch: { kind: 'fill', color, opacity }, label: `${labels[i] ?? ''} %` }))
    .reverse();
}

function rangeLabel(from: string | null, to: string | null): string {
  if (from === null) return `< ${to ?? ''}`;
  if (to === null) return `≥ ${from}`;
  return `${from} … ${to}`;
}

function value(scale: Scale, limit: number | null): string | null {
  if (limit === null) return null;
  return scale.unit === 'percent' ? fixed(limit * 100, 0) : fixed(limit, 0);
}
