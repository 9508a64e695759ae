/** What is known of a place: the cell that was clicked, and every layer at that point. */

import { VERDICTS, type PointAnswer, type Verdict } from '../../api/types';
import { layerTitle } from '../../i18n';
import type { Properties } from '../../map/mapView';
import type { Selection } from '../../state';
import { area, count, dbm, fixed, percent, position } from '../../text/format';
import { currentLayer, operatorOf, type Context } from '../context';
import { h } from '../dom';
import { empty, figures, lineTitle, verdictBadge, verdictBar } from '../pieces';
import { isBlank, judgedFigures, judgedTable } from './judged';
import { section, type PanelContent } from './panelContent';

/** The cell of a place that was not clicked on the map: the answer tells it. */
export const ANY_CELL = '-';

type CellSelection = Extract<Selection, { kind: 'cell' }>;

export async function cellPanel(
  context: Context,
  selection: CellSelection,
  signal: AbortSignal,
): Promise<PanelContent> {
  const { api, build, t } = context;
  const [answer, drawn] = await Promise.all([
    api.point?.(selection.lon, selection.lat, signal) ?? null,
    context.map?.feature('cells', 'h3', selection.id) ?? null,
  ]);
  const name = selection.id === ANY_CELL ? answer?.cell : selection.id;
  const place = figures([
    [t('field.coordinates', { datum: build.datum }), position(selection.lon, selection.lat)],
  ]);
  return {
    kind: t('panel.cell'),
    title: name ?? t('panel.point'),
    body: [
      place,
      ...(answer ? known(context, answer, answer.cell === selection.id, drawn) : shown(context, drawn)),
    ],
  };
}

/** What the service knows of the place, after what the map shows of a cell. */
function known(
  context: Context,
  answer: PointAnswer,
  isFinest: boolean,
  drawn: Properties | null,
): (HTMLElement | null)[] {
  const { t } = context;
  return [
    isFinest || !drawn ? null : coarse(context, drawn),
    drawn ? people(context, drawn) : null,
    here(context, answer),
    answer.layers.length > 0 ? section(t('panel.allLayers'), judgedTable(context, answer.layers)) : null,
    answer.lines.length > 0 ? section(t('panel.linesNear'), linesNear(context, answer)) : null,
  ];
}

/** What the cell's tile says of it: all that a published map knows of a cell. */
function shown(context: Context, drawn: Properties | null): (HTMLElement | null)[] {
  const { t } = context;
  if (!drawn) return [empty(t('panel.noCell')), h('p', { class: 'note' }, t('panel.published'))];
  const verdict = VERDICTS.find((candidate) => candidate === drawn.verdict) ?? 'unmeasured';
  const told = figures([
    [t('field.rsrpMean'), dbm(figure(drawn.rsrp))],
    [t('field.share'), percent(figure(drawn.share))],
    [t('field.probability'), percent(figure(drawn.p))],
    [t('field.samples'), count(figure(drawn.n))],
  ]);
  return [
    section(currentLayer(context), verdictBadge(t, verdict), told),
    section(t('field.area'), ...areas(context, drawn)),
    people(context, drawn),
    h('p', { class: 'note' }, t('panel.published')),
  ];
}

/** The chosen layer's figures at the point. */
function here(context: Context, answer: PointAnswer): HTMLElement {
  const { build, language, store, t } = context;
  const { operator, technology } = store.state;
  const judged = answer.layers.find(
    (layer) => layer.operator === operator && layer.technology === technology,
  );
  const title = layerTitle(build, operator, technology, language);
  if (!judged || isBlank(judged)) return section(title, empty(t('panel.nothing')));
  return section(title, verdictBadge(t, judged.verdict), judgedFigures(context, judged));
}

/** A coarse cell's areas by verdict, as its tile gives them. */
function coarse(context: Context, drawn: Properties): HTMLElement {
  return section(context.t('panel.coarse'), ...areas(context, drawn));
}

function areas(context: Context, drawn: Properties): HTMLElement[] {
  const { t } = context;
  const amounts = byVerdict((verdict) => figure(drawn[`${verdict}_m2`]) ?? 0);
  const worst = figure(drawn.worst);
  const ends = [
    [t('field.measured'), percent(figure(drawn.measured))],
    [t('field.seen'), percent(figure(drawn.seen))],
    [t('field.worst'), worst === null ? null : percent(worst)],
    [t('field.bestOperator'), operatorNamed(context, drawn.best_operator)],
    [t('field.worstOperator'), operatorNamed(context, drawn.worst_operator)],
  ] satisfies [string, string | null][];
  // One unit for all: parts of a whole are compared.
  const total = VERDICTS.reduce((sum, verdict) => sum + amounts[verdict], 0);
  const write = (value: number) => (total < 1e5 ? area(value) : `${fixed(value / 1e6, 2)} km²`);
  return [
    verdictBar(t, amounts, 'm²', 0),
    figures([...entriesOf(t, amounts, write), ...ends]),
  ];
}

/** People living in the cell by verdict; null where the build knows none. */
function people({ t }: Context, drawn: Properties): HTMLElement | null {
  if (VERDICTS.every((verdict) => figure(drawn[`${verdict}_people`]) === null)) return null;
  const amounts = byVerdict((verdict) => figure(drawn[`${verdict}_people`]) ?? 0);
  return section(
    t('panel.people'),
    verdictBar(t, amounts, t('unit.people'), 0),
    figures(entriesOf(t, amounts, (value) => fixed(value, value > 0 && value < 10 ? 1 : 0))),
  );
}

function byVerdict(amount: (verdict: Verdict) => number): Record<Verdict, number> {
  return {
    covered: amount('covered'),
    weak: amount('weak'),
    none: amount('none'),
    unmeasured: amount('unmeasured'),
  };
}

function entriesOf(
  t: Context['t'],
  amounts: Record<Verdict, number>,
  write: (value: number) => string,
): [string, string][] {
  return VERDICTS.map((verdict) => [t(`verdict.${verdict}`), write(amounts[verdict])]);
}

function operatorNamed(context: Context, id: unknown): string | null {
  return typeof id === 'string' && id !== '' ? operatorOf(context, id) : null;
}

function figure(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function linesNear({ store, t }: Context, answer: PointAnswer): HTMLElement {
  const { operator, technology } = store.state;
  return h(
    'ul',
    { class: 'plain' },
    ...answer.lines.map((line) => {
      const open = () => {
        store.update({ selection: { kind: 'line', id: line.line_id, chainage: Math.round(line.from_m) } });
      };
      const judged = line.layers.find((l) => l.operator === operator && l.technology === technology);
      return h(
        'li',
        {},
        h('button', { type: 'button', class: 'link', onclick: open }, lineTitle(line)),
        ` ${Math.round(line.distance_m)} m `,
        judged ? verdictBadge(t, judged.verdict) : null,
      );
    }),
  );
}
