/** What is known of a place: the cell that was clicked, and every layer at that point. */

import type { PointAnswer, Verdict } from '../../api/types';
import { layerTitle } from '../../i18n';
import type { Properties } from '../../map/mapView';
import type { Selection } from '../../state';
import { fixed, percent, position } from '../../text/format';
import type { Context } from '../context';
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
    api.point(selection.lon, selection.lat, signal),
    context.map?.feature('cells', 'h3', selection.id) ?? null,
  ]);
  const isFinest = answer.cell === selection.id;
  return {
    kind: t('panel.cell'),
    title: (selection.id === ANY_CELL ? answer.cell : selection.id) ?? t('panel.point'),
    body: [
      figures([[t('field.coordinates', { datum: build.datum }), position(selection.lon, selection.lat)]]),
      isFinest || !drawn ? null : coarse(context, drawn),
      here(context, answer),
      answer.layers.length > 0 ? section(t('panel.allLayers'), judgedTable(context, answer.layers)) : null,
      answer.lines.length > 0 ? section(t('panel.linesNear'), linesNear(context, answer)) : null,
    ],
  };
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
function coarse({ t }: Context, drawn: Properties): HTMLElement {
  const km2 = (verdict: Verdict) => amount(drawn[`${verdict}_m2`]) / 1e6;
  const amounts = {
    covered: km2('covered'),
    weak: km2('weak'),
    none: km2('none'),
    unmeasured: km2('unmeasured'),
  };
  const entries = (['covered', 'weak', 'none', 'unmeasured'] as const).map(
    (verdict): [string, string] => [t(`verdict.${verdict}`), `${fixed(amounts[verdict], 2)} km²`],
  );
  const worst = typeof drawn.worst === 'number' ? percent(drawn.worst) : null;
  return section(
    t('panel.coarse'),
    verdictBar(t, amounts, 'km²', 2),
    figures([...entries, [t('field.worst'), worst]]),
  );
}

function amount(value: unknown): number {
  return typeof value === 'number' ? value : 0;
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
