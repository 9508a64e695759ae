/**
 * Colours of values: one object gives both the paint expression and the legend, so that they
 * cannot disagree.
 *
 * All colours keep their order for the common kinds of colour blindness: blue against amber against
 * dark crimson, or one ramp from dark to light.
 */

import type { ExpressionSpecification } from 'maplibre-gl';
import type { Answer, Verdict } from '../api/types';
import type { Forecast, Metric } from '../state';

export const VERDICT_COLORS: Record<Verdict, string> = {
  covered: '#2f7fc1',
  weak: '#f0a020',
  none: '#8c1546',
  unmeasured: '#8a939b',
};

/** Verdicts that have a colour of their own; `unmeasured` is hatched or dashed. */
export const MEASURED: readonly Verdict[] = ['covered', 'weak', 'none'];

/**
 * Colours of a line's answer: other ones than of verdicts, which lie on top of them.
 *
 * A line of which nothing is measured has no colour of its own: it is thin and dashed.
 */
export const ANSWER_COLORS: Record<Answer, string> = {
  pass: '#00565b',
  fail: '#c2410c',
  undetermined: '#b9a5d6',
};
export const ANSWERS: readonly Answer[] = ['pass', 'fail', 'undetermined'];

export interface Scale {
  /** Property of the tile's features. */
  property: string;
  /** Where one colour ends and the next begins: a value equal to a break has the upper colour. */
  breaks: readonly number[];
  /** One more than there are breaks, from low to high. */
  colors: readonly string[];
  /** 'percent' shows 0.95 as 95 %. */
  unit: 'dBm' | 'dB' | 'percent' | 'samples';
}

export const SCALES: Record<Exclude<Metric, 'verdict'>, Scale> = {
  rsrp: {
    property: 'rsrp',
    breaks: [-115, -110, -105, -95, -85],
    colors: ['#3b0f50', '#5a3d8a', '#35658f', '#1f9a8a', '#7bca55', '#f6e02a'],
    unit: 'dBm',
  },
  share: {
    property: 'share',
    breaks: [0.5, 0.8, 0.9, 0.95],
    colors: ['#8c1546', '#d9652b', '#f6c667', '#8fc3e3', '#2568ad'],
    unit: 'percent',
  },
  p: {
    property: 'p',
    breaks: [0.05, 0.2, 0.5, 0.8, 0.95],
    colors: ['#8c1546', '#cf5630', '#f3bd66', '#a9cfe8', '#5a9bd0', '#1f5a9e'],
    unit: 'percent',
  },
  n: {
    property: 'n',
    breaks: [3, 10, 30, 100, 300],
    colors: ['#dcefd4', '#98cfb9', '#5bb3a5', '#339391', '#1c6f7a', '#0a4757'],
    unit: 'samples',
  },
};

/** Of predictions: purple to green, colours that nothing measured has. */
export const FORECAST_SCALES: Record<Forecast, Scale> = {
  p: {
    property: 'p',
    breaks: [0.05, 0.2, 0.5, 0.8, 0.95],
    colors: ['#5b1a6b', '#9063a8', '#cdb5d6', '#bfe0b8', '#62b069', '#1a6b34'],
    unit: 'percent',
  },
  rsrp: {
    property: 'rsrp',
    breaks: [-115, -110, -105, -95, -85],
    colors: ['#5b1a6b', '#9063a8', '#cdb5d6', '#bfe0b8', '#62b069', '#1a6b34'],
    unit: 'dBm',
  },
  sinr: {
    property: 'sinr',
    breaks: [-5, 0, 5, 10, 20],
    colors: ['#5b1a6b', '#9063a8', '#cdb5d6', '#bfe0b8', '#62b069', '#1a6b34'],
    unit: 'dB',
  },
};

export function verdictColor(property = 'verdict'): ExpressionSpecification {
  return [
    'match',
    ['get', property],
    'covered',
    VERDICT_COLORS.covered,
    'weak',
    VERDICT_COLORS.weak,
    'none',
    VERDICT_COLORS.none,
    VERDICT_COLORS.unmeasured,
  ];
}

export function answerColor(): ExpressionSpecification {
  const pairs = ANSWERS.flatMap((answer) => [answer, ANSWER_COLORS[answer]]);
  return ['match', ['get', 'answer'], ...pairs, VERDICT_COLORS.unmeasured] as unknown as ExpressionSpecification;
}

/** Colour of a feature's value, by steps. */
export function scaleColor(scale: Scale): ExpressionSpecification {
  const steps = scale.breaks.flatMap((value, i) => [value, scale.colors[i + 1] ?? '']);
  return [
    'step',
    ['to-number', ['get', scale.property]],
    scale.colors[0] ?? '',
    ...steps,
  ] as unknown as ExpressionSpecification;
}

/** The same look-up for one value, as the tests and the panel use it. */
export function colorOf(scale: Scale, value: number): string {
  const above = scale.breaks.filter((limit) => value >= limit).length;
  return scale.colors[above] ?? '';
}

/**
 * How strongly a hexagon is filled, by the share of its own area that its figure rests on: land
 * where nobody measured must not look covered because a road crosses it. Steps, not a ramp: a road
 * is a thousandth of a hexagon seen from afar, and must still be seen.
 */
export const FADING = {
  breaks: [0.01, 0.1, 0.5],
  opacities: [0.16, 0.3, 0.48, 0.7],
} as const;

/** Opacity of a hexagon by a property of its tile. */
export function fading(property: string): ExpressionSpecification {
  const steps = FADING.breaks.flatMap((value, i) => [value, FADING.opacities[i + 1] ?? 1]);
  const share = ['to-number', ['get', property]];
  return ['step', share, FADING.opacities[0], ...steps] as unknown as ExpressionSpecification;
}

/** Ranges of a scale, from high to low: what a legend lists. */
export function ranges(scale: Scale): { color: string; from: number | null; to: number | null }[] {
  const entries = scale.colors.map((color, i) => ({
    color,
    from: scale.breaks[i - 1] ?? null,
    to: scale.breaks[i] ?? null,
  }));
  return entries.reverse();
}
