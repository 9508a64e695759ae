/** The list of weak spots of the chosen layer, in the order in which one would mend them. */

import type { WeakSpot } from '../api/types';
import { named } from '../i18n';
import { area, dbm, length, position } from '../text/format';
import { currentLayer, type Context, type Part } from './context';
import { h } from './dom';
import { extentOf } from '../map/extent';
import { choice, PAGE_SIZE, PagedList } from './pagedList';

const CAUSES = ['no_service', 'weak_signal', 'site_near_weak', 'no_site_near', 'poor_sinr'];
const OUTLOOKS = ['lasting', 'unsure', 'passing'];
const ORDERS = [
  ['-length', 'list.orderLength'],
  ['-area', 'list.orderArea'],
  ['rsrp', 'list.orderRsrp'],
  ['-probability', 'list.orderProbability'],
] as const;


export function spotsTab(context: Context): Part {
  const { api, store, t } = context;
  const filter = { kind: '', cause: '', outlook: '', order: '-length' };
  const list = new PagedList<WeakSpot>({
    context,
    label: t('tab.spots'),
    none: t('list.noSpots'),
    fetch: (offset, signal) => {
      const { operator, technology } = store.state;
      return api.weakSpots({ operator, technology, ...filter, limit: PAGE_SIZE, offset }, signal);
    },
    render: (items) => spotTable(context, items),
  });
  const set = (name: keyof typeof filter) => (value: string) => {
    filter[name] = value;
    void list.load();
  };
  const title = h('h2', { class: 'list-title' });
  const filters = h(
    'div',
    { class: 'filters' },
    choice(t('list.order'), ORDERS.map(([id, key]): [string, string] => [id, t(key)]), set('order')),
    choice(
      t('list.kind'),
      [['', t('list.allKinds')], ['section', t('kind.section')], ['area', t('kind.area')]],
      set('kind'),
    ),
    choice(
      t('list.cause'),
      [['', t('list.allCauses')], ...CAUSES.map((id): [string, string] => [id, named(t, 'cause', id)])],
      set('cause'),
    ),
    choice(
      t('list.outlook'),
      [['', t('list.allOutlooks')], ...OUTLOOKS.map((id): [string, string] => [id, named(t, 'outlook', id)])],
      set('outlook'),
    ),
  );
  let stale = true;
  return {
    element: h('div', { class: 'stack' }, title, filters, list.element),
    update(state, previous) {
      if (state.operator !== previous.operator || state.technology !== previous.technology) stale = true;
      if (stale && state.tab === 'spots') {
        stale = false;
        title.textContent = t('list.spots', { layer: currentLayer(context) });
        void list.load();
      }
    },
  };
}

function spotTable(context: Context, items: WeakSpot[]): HTMLElement {
  const { t } = context;
  return h(
    'table',
    { class: 'spots' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, t('list.where')),
        h('th', { scope: 'col', class: 'number' }, t('list.size')),
        h('th', { scope: 'col', class: 'number' }, t('field.rsrpMean')),
      ),
    ),
    h('tbody', {}, ...items.map((spot) => spotRow(context, spot))),
  );
}

function spotRow(context: Context, spot: WeakSpot): HTMLElement {
  const { store, t } = context;
  const open = () => {
    store.update({ selection: { kind: 'spot', id: spot.spot_id } });
    void zoomToSpot(context, spot);
  };
  return h(
    'tr',
    { class: 'clickable', onclick: open },
    h(
      'th',
      { scope: 'row' },
      h('button', { type: 'button', class: 'link' }, spotName(spot)),
      spot.kind === 'area' ? null : h('small', {}, spotRange(spot)),
      h('small', {}, `${named(t, 'cause', spot.cause)} · ${named(t, 'outlook', spot.outlook)}`),
    ),
    h('td', { class: 'number' }, spotSize(spot)),
    h('td', { class: 'number' }, dbm(spot.rsrp_mean_dbm)),
  );
}

function spotName(spot: WeakSpot): string {
  return spot.kind === 'area' ? position(spot.lon, spot.lat) : (spot.line_name ?? spot.line_id ?? '');
}

export function spotPlace(spot: WeakSpot): string {
  if (spot.kind === 'area') return spotName(spot);
  return `${spotName(spot)} ${spotRange(spot)}`;
}

export function spotSize(spot: WeakSpot): string {
  return spot.kind === 'area' ? area(spot.area_m2) : length(spot.length_m);
}

/** Show a spot on the map; a list's spot has no geometry, so that is asked for. */
export async function zoomToSpot({ api, map, store }: Context, spot: WeakSpot): Promise<void> {
  if (!store.state.overlays.includes('weak_spots')) {
    store.update({ overlays: [...store.state.overlays, 'weak_spots'] });
  }
  if (spot.bbox) {
    map?.fit(spot.bbox);
    return;
  }
  try {
    const { geometry } = spot.geometry ? spot : await api.weakSpot(spot.spot_id);
    map?.fit((geometry && extentOf(geometry)) ?? [spot.lon, spot.lat, spot.lon, spot.lat]);
  } catch {
    // The panel tells what went wrong; the point is known all the same.
    map?.fit([spot.lon, spot.lat, spot.lon, spot.lat]);
  }
}

/** From where to where along its line; an area has no such place. */
export function spotRange({ from, to }: Pick<WeakSpot, 'from' | 'to'>): string {
  return from === null || to === null ? '' : `${from} – ${to}`;
}
