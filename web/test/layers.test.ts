import { createExpression, validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it } from 'vitest';
import { VERDICTS, type BuildInfo } from '../src/api/types';
import { named, translator } from '../src/i18n';
import { cells } from '../src/layers/cells';
import { lines } from '../src/layers/lines';
import { NOTHING, type Shown } from '../src/layers/overlay';
import { predicted } from '../src/layers/predicted';
import { OVERLAY_LIST } from '../src/layers/registry';
import { answerColor, colorOf, FADING, fading, FORECAST_SCALES, MEASURED, ranges, SCALES, scaleColor, VERDICT_COLORS, verdictColor } from '../src/layers/scale';
import { FORECASTS, METRICS, OVERLAYS, type Metric } from '../src/state';

const FIGURES = METRICS.filter((metric): metric is Exclude<Metric, 'verdict'> => metric !== 'verdict');
const SHOWN: Shown = { metric: 'verdict', forecast: 'p' };
const t = translator('en');

/** What MapLibre itself makes of a colour expression for a feature's properties. */
function painted(expression: unknown, properties: Record<string, unknown>): string {
  const made = createExpression(expression, { type: 'color' } as never);
  if (made.result === 'error') throw new Error(JSON.stringify(made.value));
  return String(made.value.evaluate({ zoom: 10 }, { type: 3, properties }));
}

function opacity(expression: unknown, properties: Record<string, unknown>): number {
  const made = createExpression(expression, { type: 'number' } as never);
  if (made.result === 'error') throw new Error(JSON.stringify(made.value));
  return Number(made.value.evaluate({ zoom: 10 }, { type: 3, properties }));
}

describe('the colours of a figure', () => {
  it.each(FIGURES)('%s: what is painted is what the legend says, on every break and beside it', (metric) => {
    const scale = SCALES[metric];
    for (const value of scale.breaks.flatMap((limit) => [limit - 1e-6, limit, limit + 1e-6])) {
      const color = painted(scaleColor(scale), { [scale.property]: value });
      const range = ranges(scale).find(
        ({ from, to }) => (from === null || value >= from) && (to === null || value < to),
      );
      expect(color).toBe(range?.color);
      expect(colorOf(scale, value)).toBe(color);
    }
  });

  it.each(FIGURES)('%s: breaks rise, and colours differ', (metric) => {
    const { breaks, colors } = SCALES[metric];
    expect([...breaks].sort((a, b) => a - b)).toEqual(breaks);
    expect(new Set(colors).size).toBe(breaks.length + 1);
  });

  it('of an answer is the legend’s, and a line of which nothing is measured has its own look', () => {
    const { entries } = lines.legend(SHOWN, t);
    const answers = ['pass', 'fail', 'undetermined', 'unmeasured'];
    expect(entries.map(({ label }) => label)).toEqual(answers.map((answer) => named(t, 'answer', answer)));
    answers.forEach((answer, i) => {
      expect(entries[i]?.swatch).toMatchObject({ color: painted(answerColor(), { answer }) });
    });
    expect(entries.map(({ swatch }) => swatch.kind)).toEqual(['band', 'band', 'band', 'dashed']);
  });

  it('of a verdict is the legend’s', () => {
    for (const verdict of VERDICTS) {
      expect(painted(verdictColor(), { verdict })).toBe(VERDICT_COLORS[verdict]);
    }
  });
});

describe('the legend of cells', () => {
  it.each(METRICS)('%s: has an entry of its own for what is not measured', (metric) => {
    const { entries } = cells.legend({ ...SHOWN, metric }, t);
    expect(entries.filter(({ swatch }) => swatch.kind === 'hatch')).toHaveLength(1);
    const measured = metric === 'verdict' ? MEASURED.length : SCALES[metric].colors.length;
    expect(entries).toHaveLength(measured + 1);
  });

  it.each(METRICS)('%s: says how strongly a share of a hexagon is drawn', (metric) => {
    const shown = cells.legend({ ...SHOWN, metric }, t).fading?.entries ?? [];
    const property = metric === 'rsrp' || metric === 'n' ? 'seen' : 'measured';
    for (const value of [0, 0.0001, 0.01, 0.05, 0.1, 0.3, 0.5, 1]) {
      const found = shown.find(({ label }) =>
        label.startsWith('<') ? true : value * 100 >= Number(/\d+/.exec(label)?.[0]),
      );
      expect(opacity(fading(property), { [property]: value }), `${value}`).toBe(
        found?.swatch.kind === 'fill' ? found.swatch.opacity : null,
      );
    }
    expect(shown).toHaveLength(FADING.opacities.length);
  });

  it('names the unit of every figure', () => {
    expect(FIGURES.map((metric) => cells.legend({ ...SHOWN, metric }, t).unit)).toEqual(['dBm', '%', '%', 'samples']);
  });
});

describe('what is predicted', () => {
  it.each(FORECASTS)('%s: is painted as its legend says, on every break and beside it', (forecast) => {
    const scale = FORECAST_SCALES[forecast];
    const { entries } = predicted.legend({ ...SHOWN, forecast }, t);
    for (const value of scale.breaks.flatMap((limit) => [limit - 1e-6, limit, limit + 1e-6])) {
      const row = ranges(scale).findIndex(
        ({ from, to }) => (from === null || value >= from) && (to === null || value < to),
      );
      expect(entries[row]?.swatch).toMatchObject({ color: painted(scaleColor(scale), { [scale.property]: value }) });
    }
  });

  it.each(FORECASTS)('%s: has dots over it, no colour of what is measured, and says so', (forecast) => {
    const { entries, title } = predicted.legend({ ...SHOWN, forecast }, t);
    expect(new Set(entries.map(({ swatch }) => swatch.kind))).toEqual(new Set(['dotted']));
    const measured = [...FIGURES.flatMap((metric) => SCALES[metric].colors), ...Object.values(VERDICT_COLORS)];
    expect(FORECAST_SCALES[forecast].colors.filter((color) => measured.includes(color))).toEqual([]);
    expect(title).toMatch(forecast === 'sinr' ? /by the formulae alone/ : /Predicted/);
    expect(t(predicted.title)).toBe('Predicted, not measured');
  });

  it('says how well blocks that were held out were foretold, or that nothing tells', () => {
    const score = { operator: '46000', technology: 'lte', block_m: 2000, n: 4821, rmse_db: 7.94, bias_db: 0.1, inside_90: 0.912, brier: 0.06, weak: 0, weak_recall: null, weak_precision: null };
    const build = { scores: [score] } as unknown as BuildInfo;
    expect(predicted.note?.(build, score, t)).toBe('2.00 km blocks held out, 4,821 places · RMSE 7.9 dB, 91.2 % inside their 90 % interval');
    expect(predicted.note?.(build, { ...score, technology: 'nr' }, t)).toContain('cannot be told');
  });

  it('lies under all that is measured and is never selected', () => {
    expect(OVERLAY_LIST[0]).toBe(predicted);
    expect(predicted.select({ feature: { properties: { h3: 'x' } } } as never)).toBeNull();
  });
});

describe('the layers of the map', () => {
  it('are those of the state, in its order', () => {
    expect(OVERLAY_LIST.map(({ id }) => id)).toEqual(OVERLAYS);
  });

  it.each(METRICS)('make a style that MapLibre accepts for metric %s', (metric) => {
    const look = { ...SHOWN, metric, fonts: ['sans-serif'] };
    const style = {
      version: 8,
      sources: Object.fromEntries(
        OVERLAYS.map((id) => [id, { type: 'vector', tiles: ['http://localhost/{z}/{x}/{y}.mvt'] }]),
      ),
      layers: OVERLAY_LIST.flatMap((item) => item.style(look)),
    };
    const complaints = validateStyleMin(style as never).filter(({ message }) => !message.includes('glyphs'));
    expect(complaints).toEqual([]);
  });

  it('mark only style layers that they have, and nothing for a selection of another kind', () => {
    for (const item of OVERLAY_LIST) {
      const ids = item.style({ ...SHOWN, fonts: [] }).map(({ id }) => id);
      const marks = item.marks({ kind: 'spot', id: 'x' });
      expect(ids).toEqual(expect.arrayContaining(Object.keys(marks)));
      const clicked = !['weak_spots', 'predicted'].includes(item.id);
      if (clicked) expect(new Set(Object.values(marks))).toEqual(new Set([NOTHING]));
    }
  });
});

describe('what the pointer is told', () => {
  const hint = (id: string, properties: Record<string, unknown>) =>
    OVERLAY_LIST.find((item) => item.id === id)?.hint({ properties } as never, t);

  it('is a line of figures, without those that are missing', () => {
    expect(hint('cells', { verdict: 'weak', rsrp: -109.4, n: 12 })).toBe('weak · −109.4 dBm · n = 12');
    expect(hint('cells', { verdict: 'weak', n: 12, measured: 0.031 })).toBe(
      'weak · n = 12 · 3.1 % of the hexagon measured',
    );
    expect(hint('cells', { verdict: 'unmeasured', n: 1 })).toBe('unmeasured · n = 1');
    expect(hint('predicted', { p: 0.83, rsrp: -97.1, sd: 6.2, sinr: 8 })).toBe(
      'predicted, not measured · covered with 83.0 % · −97.1 dBm ± 6.2 dB · SINR 8.0 dB',
    );
    expect(hint('segments', { line: 'G42', from_m: 300, to_m: 400, verdict: 'covered', rsrp: -90 })).toBe(
      'G42 · K0+300 – K0+400 · covered · −90.0 dBm',
    );
    const answered = { line: 'G42', answer: 'undetermined', share_low: 0.91, share_high: 0.97, route_length_km: 134.6 };
    expect(hint('lines', answered)).toBe('G42 · undetermined · 91.0 % – 97.0 % · 135 km');
    expect(hint('lines', { line: 'G42', answer: 'unmeasured', route_length_km: 8 })).toBe('G42 · nothing measured · 8.0 km');
    expect(hint('weak_spots', { kind: 'area', cause: 'no_service', area_m2: 30_000 })).toBe(
      'No service · 30,000 m²',
    );
    expect(hint('weak_spots', { kind: 'area', cause: 'no_service', outlook: 'passing', area_m2: 30_000 })).toBe(
      'No service · Probably a passing fade · 30,000 m²',
    );
    expect(hint('sites', { site_id: 'S1', operators: '46000,46001' })).toBe('S1 · 46000,46001');
  });
});
