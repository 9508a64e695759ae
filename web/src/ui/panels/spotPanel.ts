/** A weak spot: where it is, how bad, why, and what is near. */

import type { WeakSpot } from '../../api/types';
import { layerTitle, named } from '../../i18n';
import type { Selection } from '../../state';
import { area, count, db, dbm, length, percent, position } from '../../text/format';
import type { Context } from '../context';
import { h } from '../dom';
import { figures } from '../pieces';
import { spotPlace, spotRange, zoomToSpot } from '../spotsTab';
import { ANY_CELL } from './cellPanel';
import { section, type PanelContent } from './panelContent';

type SpotSelection = Extract<Selection, { kind: 'spot' }>;

export async function spotPanel(
  context: Context,
  selection: SpotSelection,
  signal: AbortSignal,
): Promise<PanelContent> {
  const { api, build, language, t } = context;
  const spot = await api.weakSpot(selection.id, signal);
  return {
    kind: `${t('panel.spot')} · ${named(t, 'kind', spot.kind)}`,
    title: spotPlace(spot),
    body: [
      actions(context, spot),
      section(
        layerTitle(build, spot.operator, spot.technology, language),
        h('span', { class: 'badge cause' }, named(t, 'cause', spot.cause)),
        h('span', { class: `badge outlook-${spot.outlook}` }, named(t, 'outlook', spot.outlook)),
        h('p', { class: 'strip-about' }, named(t, 'outlookText', spot.outlook)),
        spotFigures(context, spot),
      ),
    ],
  };
}

function actions(context: Context, spot: WeakSpot): HTMLElement {
  const { api, store, t } = context;
  const button = (label: string, onclick: () => void) =>
    h('button', { type: 'button', class: 'button', onclick }, label);
  const line = spot.line_id;
  return h(
    'div',
    { class: 'actions' },
    button(t('panel.zoom'), () => {
      void zoomToSpot(context, spot);
    }),
    line === null
      ? null
      : button(t('panel.openLine'), () => {
          store.update({ selection: { kind: 'line', id: line, chainage: spot.from_m } });
        }),
    api.point === null
      ? null
      : button(t('panel.here'), () => {
          store.update({ selection: { kind: 'cell', id: ANY_CELL, lon: spot.lon, lat: spot.lat } });
        }),
  );
}

function spotFigures({ build, t }: Context, spot: WeakSpot): HTMLElement {
  const isArea = spot.kind === 'area';
  const site = spot.nearest_site_m === null ? null : `${spot.nearest_site ?? ''} (${length(spot.nearest_site_m)})`;
  return figures([
    [t('field.line'), isArea ? null : (spot.line_name ?? spot.line_id)],
    [t('field.chainage'), isArea ? null : spotRange(spot)],
    [t('field.length'), isArea ? null : length(spot.length_m)],
    [t('field.area'), isArea ? area(spot.area_m2) : null],
    [t('field.pieces'), count(spot.pieces)],
    [t('field.rsrpMean'), dbm(spot.rsrp_mean_dbm)],
    [t('field.rsrpP5'), dbm(spot.rsrp_p5_dbm)],
    [t('field.sinr'), db(spot.sinr_mean_db)],
    [t('field.probabilityWeak'), percent(spot.probability_weak)],
    [t('field.runs'), spot.runs === null ? null : count(spot.runs)],
    [t('field.samples'), count(spot.n)],
    [t('field.samplesNone'), spot.n_none > 0 ? count(spot.n_none) : null],
    [t('field.nearestSite'), site],
    [t('field.coordinates', { datum: build.datum }), position(spot.lon, spot.lat)],
    [t('field.identity'), h('code', {}, spot.spot_id)],
  ]);
}
