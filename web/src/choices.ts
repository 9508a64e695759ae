/** Which operators and technologies a build has, and what a reader's wish comes to. */

import type { BuildInfo } from './api/types';
import { OVERLAYS, type Change, type Language, type State } from './state';

export function technologiesOf(build: BuildInfo, operator: string): string[] {
  const own = build.layers
    .filter((layer) => layer.operator === operator)
    .map((layer) => layer.technology);
  const order = ['any', ...build.technologies];
  return [...new Set(own)].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

export function operatorsOf(build: BuildInfo): string[] {
  const measured = new Set(build.layers.map((layer) => layer.operator));
  return build.operators.map((operator) => operator.id).filter((id) => measured.has(id));
}

export function allTechnologies(build: BuildInfo): string[] {
  const measured = new Set(build.layers.map((layer) => layer.technology));
  return [...new Set(['any', ...build.technologies])].filter((id) => measured.has(id));
}

/** The wished technology where the operator has it, else 'any', else its first. */
export function fitTechnology(build: BuildInfo, operator: string, wished: string): string {
  const known = technologiesOf(build, operator);
  if (known.includes(wished)) return wished;
  return known.includes('any') ? 'any' : (known[0] ?? wished);
}

/** Sort what is said of layers by the build's own order of layers. */
export function byLayer<T extends { operator: string; technology: string }>(
  build: BuildInfo,
  items: readonly T[],
): T[] {
  const place = ({ operator, technology }: T) =>
    build.layers.findIndex((layer) => layer.operator === operator && layer.technology === technology);
  return [...items].sort((a, b) => place(a) - place(b));
}

/** A change that names only what the build has: an address may say anything. */
export function allowed(build: BuildInfo, change: Change, current: State): Change {
  const known = operatorsOf(build);
  const wished = change.operator ?? current.operator;
  const operator = known.includes(wished) ? wished : (known[0] ?? wished);
  const technology = fitTechnology(build, operator, change.technology ?? current.technology);
  return { ...change, operator, technology };
}

/** Nothing is measured: what is predicted is all that there is to see. */
function isPredictedOnly({ tables }: BuildInfo): boolean {
  return !tables.cell_verdicts && Boolean(tables.cell_prediction);
}

export function defaultState(build: BuildInfo, language: Language, wide: boolean): State {
  const operator = operatorsOf(build)[0] ?? 'any';
  return {
    camera: null,
    operator,
    technology: fitTechnology(build, operator, 'any'),
    overlays: OVERLAYS.filter((id) => id !== 'sites' && (id !== 'predicted' || isPredictedOnly(build))),
    metric: 'verdict',
    forecast: 'p',
    selection: null,
    tab: 'layers',
    open: wide,
    language,
  };
}
