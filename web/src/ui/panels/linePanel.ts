/** A line: its answer, kilometres by verdict, and the strip chart along it. */

import type { LineDetail, LineVerdict } from '../../api/types';
import { byLayer } from '../../choices';
import { named } from '../../i18n';
import type { Selection, State } from '../../state';
import { fixed, km, length, percent } from '../../text/format';
import { currentLayer, operatorOf, type Context } from '../context';
import { h } from '../dom';
import { lineBar } from '../linesTab';
import { answerBadge, empty, figures, lineTitle } from '../pieces';
import { stripChart } from '../stripChart';
import { section, type PanelContent } from './panelContent';

type LineSelection = Extract<Selection, { kind: 'line' }>;

export async function linePanel(
  context: Context,
  selection: LineSelection,
  signal: AbortSignal,
): Promise<PanelContent> {
  const { api, map, store, t } = context;
  const { operator, technology } = store.state;
  const [detail, everyLayer] = await Promise.all([
    api.line(selection.id, { operator, technology }, signal),
    api.line(selection.id, {}, signal),
  ]);
  const { line } = detail;
  const { bbox } = line;
  const zoom = () => {
    if (bbox) map?.fit(bbox);
  };
  return {
    kind: named(t, 'class', line.class),
    title: lineTitle(line),
    body: [
      bbox ? h('button', { type: 'button', class: 'button', onclick: zoom }, t('panel.zoom')) : null,
      verdictSection(context, detail),
      detail.segments.length > 0
        ? section(t('panel.along'), stripChart(t, detail, selection.chainage))
        : null,
      lengths(context, detail),
      section(t('panel.byLayer'), layerTable(context, byLayer(context.build, everyLayer.verdicts))),
    ],
  };
}

function chosen({ operator, technology }: State, { verdicts }: LineDetail): LineVerdict | undefined {
  return verdicts.find((verdict) => verdict.operator === operator && verdict.technology === technology);
}

function verdictSection(context: Context, detail: LineDetail): HTMLElement {
  const { store, t } = context;
  const verdict = chosen(store.state, detail);
  if (!verdict) return section(currentLayer(context), empty(t('panel.nothing')));
  return section(
    currentLayer(context),
    answerBadge(t, verdict.answer),
    lineBar(t, verdict),
  );
}

function lengths({ store, t }: Context, detail: LineDetail): HTMLElement | null {
  const verdict = chosen(store.state, detail);
  if (!verdict) return null;
  const bounds = `${percent(verdict.share_if_rest_bad)} – ${percent(verdict.share_if_rest_good)}`;
  const interval = `${percent(verdict.share_low)} – ${percent(verdict.share_high)}`;
  return section(
    t('panel.lengths'),
    figures([
      [t('verdict.covered'), km(verdict.covered_km)],
      [t('verdict.weak'), km(verdict.weak_km)],
      [t('verdict.none'), km(verdict.none_km)],
      [t('verdict.unmeasured'), km(verdict.unmeasured_km)],
      [t('field.length'), length(detail.line.length_m)],
      [t('field.route'), km(verdict.route_length_km)],
      [t('field.coveredShare'), percent(verdict.covered_share)],
      [t('field.bounds'), h('span', { title: t('field.boundsNote') }, bounds)],
      [t('field.shareExpected'), percent(verdict.share_expected)],
      [t('field.interval'), h('span', { title: t('field.intervalNote') }, interval)],
      [t('field.pPass'), percent(verdict.p_pass)],
      [t('field.longestGap'), km(verdict.longest_gap_km)],
    ]),
  );
}

function layerTable(context: Context, verdicts: readonly LineVerdict[]): HTMLElement {
  const { t } = context;
  const column = (name: string, kind = 'number') => h('th', { scope: 'col', class: kind }, name);
  return h(
    'table',
    { class: 'layers' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        column(t('field.layer'), ''),
        column(t('verdict.covered')),
        column(t('verdict.weak')),
        column(t('verdict.none')),
        column(t('verdict.unmeasured')),
      ),
    ),
    h('tbody', {}, ...verdicts.map((verdict) => layerRow(context, verdict))),
  );
}

function layerRow(context: Context, verdict: LineVerdict): HTMLElement {
  const { store, t } = context;
  const { operator, technology } = store.state;
  const isChosen = verdict.operator === operator && verdict.technology === technology;
  const name = `${operatorOf(context, verdict.operator)} · ${named(t, 'technology', verdict.technology)}`;
  const figure = (value: number) => h('td', { class: 'number' }, fixed(value, 1));
  return h(
    'tr',
    { class: isChosen ? 'chosen' : '' },
    h('th', { scope: 'row' }, name),
    figure(verdict.covered_km),
    figure(verdict.weak_km),
    figure(verdict.none_km),
    figure(verdict.unmeasured_km),
  );
}
