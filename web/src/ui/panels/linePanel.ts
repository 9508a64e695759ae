/** A line: its answer, the strip chart along it, weak sections, and kilometres by verdict. */

import type { LineDetail, LineVerdict, Page, Settling, WeakSpot } from '../../api/types';
import { byLayer } from '../../choices';
import { phrase } from '../../layers/overlay';
import { named } from '../../i18n';
import type { Selection, State } from '../../state';
import { DASH, fixed, km, length, percent } from '../../text/format';
import { currentLayer, operatorOf, type Context } from '../context';
import { h } from '../dom';
import { lineBar } from '../linesTab';
import { answerBadge, directionOf, empty, figures, lineTitle } from '../pieces';
import { stripChart } from '../stripChart';
import { spotRange } from '../spotsTab';
import { section, type PanelContent } from './panelContent';

type LineSelection = Extract<Selection, { kind: 'line' }>;
const MOST_SPOTS = 5;

export async function linePanel(
  context: Context,
  selection: LineSelection,
  signal: AbortSignal,
): Promise<PanelContent> {
  const { api, map, store, t } = context;
  const { operator, technology } = store.state;
  const layer = { operator, technology };
  const longest = { ...layer, kind: 'section', line_id: selection.id, order: '-length', limit: MOST_SPOTS };
  const [detail, profile, spots] = await Promise.all([
    api.line(selection.id, layer, signal),
    api.profile(selection.id, layer, signal),
    api.weakSpots(longest, signal),
  ]);
  const { line } = detail;
  const { bbox } = line;
  const zoom = () => {
    if (bbox) map?.fit(bbox);
  };
  const following = {
    onPlace: (place: { lon: number; lat: number } | null) => map?.point(place),
    onChoose: (place: { lon: number; lat: number }) => map?.goTo(place),
  };
  return {
    kind: phrase(named(t, 'class', line.class), directionOf(t, profile.oneway)),
    title: lineTitle(line),
    body: [
      bbox ? h('button', { type: 'button', class: 'button', onclick: zoom }, t('panel.zoom')) : null,
      verdictSection(context, detail),
      profile.pieces.length > 0
        ? section(t('panel.along'), stripChart(t, profile, selection.chainage, following))
        : null,
      weakSections(context, spots),
      settlingSection(context, detail.settling),
      lengths(context, detail),
      section(t('panel.byLayer'), layerTable(context, byLayer(context.build, detail.verdicts))),
    ],
  };
}

function chosen({ operator, technology }: State, { verdicts }: LineDetail): LineVerdict | undefined {
  return verdicts.find((verdict) => verdict.operator === operator && verdict.technology === technology);
}

/** Nothing measured is no answer, whatever the rule makes of it. */
function verdictSection(context: Context, detail: LineDetail): HTMLElement {
  const { store, t } = context;
  const verdict = chosen(store.state, detail);
  if (!verdict || verdict.covered_km + verdict.weak_km + verdict.none_km === 0) {
    return section(currentLayer(context), empty(t('panel.nothing')));
  }
  return section(
    currentLayer(context),
    answerBadge(t, verdict.answer),
    lineBar(t, verdict),
    answerFigures(context, verdict),
  );
}

function answerFigures({ t }: Context, verdict: LineVerdict): HTMLElement {
  const { assessed_km, share_low, share_high } = verdict;
  const noted = (text: string, note: string) => h('span', { title: note }, text);
  const covered =
    assessed_km === null || share_low === null || share_high === null
      ? DASH
      : `${fixed(share_low * assessed_km, 1)} – ${fixed(share_high * assessed_km, 1)} km`;
  return figures([
    [t('field.shareExpected'), percent(verdict.share_expected)],
    [t('field.interval'), noted(`${percent(share_low)} – ${percent(share_high)}`, t('field.intervalNote'))],
    [t('field.coveredKm', { km: km(assessed_km) }), covered],
    [t('field.pPass'), noted(percent(verdict.p_pass), t('field.pPassNote'))],
    [t('field.longestGap'), km(verdict.longest_gap_km)],
  ]);
}

function weakSections({ store, t }: Context, { items, total }: Page<WeakSpot>): HTMLElement | null {
  if (items.length === 0) return null;
  const rows = items.map((spot) => {
    const open = () => {
      store.update({ selection: { kind: 'spot', id: spot.spot_id } });
    };
    return h(
      'tr',
      { class: 'clickable', onclick: open },
      h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, spotRange(spot))),
      h('td', {}, named(t, 'cause', spot.cause), h('br'), h('small', {}, named(t, 'outlook', spot.outlook))),
      h('td', { class: 'number' }, length(spot.length_m)),
    );
  });
  const title = t('panel.weakSections', { shown: items.length, total });
  return section(title, h('table', { class: 'weak-sections' }, h('tbody', {}, ...rows)));
}

/** Which runs would narrow the interval most; only of a line whose answer is open. */
function settlingSection({ t }: Context, all: readonly Settling[]): HTMLElement | null {
  const [best] = all;
  if (!best) return null;
  const what = t(best.runs === 1 ? 'settle.run' : 'settle.runs', {
    action: named(t, 'settle', best.action),
    runs: best.runs,
    from: best.from,
    to: best.to,
  });
  const then = t('settle.width', {
    now: fixed(100 * best.width_now, 1),
    then: fixed(100 * best.width_then, 1),
    p: percent(best.p_settled),
  });
  return section(t('panel.settling'), h('p', {}, what), h('p', { class: 'strip-about' }, then));
}

function lengths({ store, t }: Context, detail: LineDetail): HTMLElement | null {
  const verdict = chosen(store.state, detail);
  if (!verdict) return null;
  const bounds = `${percent(verdict.share_if_rest_bad)} – ${percent(verdict.share_if_rest_good)}`;
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
