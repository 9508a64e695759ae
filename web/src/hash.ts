/**
 * The deep link: the state to and from the part of the address behind `#`.
 *
 * Whatever somebody types there, only known values come out; the rest is left at its default.
 */

import {
  FORECASTS,
  LANGUAGES,
  METRICS,
  OVERLAYS,
  TABS,
  type Camera,
  type Change,
  type Selection,
  type State,
} from './state';

export function formatHash(state: State): string {
  const query = new URLSearchParams();
  if (state.camera) query.set('map', formatCamera(state.camera));
  query.set('op', state.operator);
  query.set('tech', state.technology);
  query.set('layers', state.overlays.join(','));
  query.set('metric', state.metric);
  query.set('predicted', state.forecast);
  query.set('tab', state.tab);
  query.set('lang', state.language);
  if (state.selection) query.set('sel', formatSelection(state.selection));
  // Slashes, commas, colons and @ are allowed in a fragment, and it reads better with them.
  return '#' + query.toString().replace(/%2F/g, '/').replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%40/g, '@');
}

export function parseHash(hash: string): Change {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const change: Change = {};
  const camera = parseCamera(query.get('map'));
  if (camera) change.camera = camera;
  const operator = query.get('op');
  if (operator) change.operator = operator;
  const technology = query.get('tech');
  if (technology) change.technology = technology;
  const layers = query.get('layers');
  if (layers !== null) {
    const wanted = layers.split(',');
    change.overlays = OVERLAYS.filter((id) => wanted.includes(id));
  }
  const metric = METRICS.find((known) => known === query.get('metric'));
  if (metric) change.metric = metric;
  const forecast = FORECASTS.find((known) => known === query.get('predicted'));
  if (forecast) change.forecast = forecast;
  const tab = TABS.find((known) => known === query.get('tab'));
  if (tab) change.tab = tab;
  const language = LANGUAGES.find((known) => known === query.get('lang'));
  if (language) change.language = language;
  change.selection = parseSelection(query.get('sel'));
  return change;
}

function formatCamera(camera: Camera): string {
  return `${camera.zoom.toFixed(2)}/${camera.lat.toFixed(5)}/${camera.lon.toFixed(5)}`;
}

function parseCamera(text: string | null): Camera | null {
  const [zoom, lat, lon, more] = (text ?? '').split('/').map(strictNumber);
  if (zoom === undefined || lat === undefined || lon === undefined || more !== undefined) return null;
  const inside = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  return inside ? { zoom, lat, lon } : null;
}

function formatSelection(selection: Selection): string {
  switch (selection.kind) {
    case 'cell':
    case 'site':
      return `${selection.kind}:${selection.id}@${selection.lon.toFixed(6)},${selection.lat.toFixed(6)}`;
    case 'line':
      return selection.chainage === null
        ? `line:${selection.id}`
        : `line:${selection.id}@${selection.chainage.toFixed(0)}`;
    case 'spot':
      return `spot:${selection.id}`;
  }
}

/** An id may hold any character, `@` and `:` too: the kind is up to the first `:`, the place behind the last `@`. */
function parseSelection(text: string | null): Selection | null {
  const match = /^(cell|site|line|spot):(.+)$/s.exec(text ?? '');
  const [, kind, rest] = match ?? [];
  if (!kind || !rest) return null;
  if (kind === 'spot') return { kind, id: rest };
  const at = rest.lastIndexOf('@');
  const [id, place] = at < 0 ? [rest, ''] : [rest.slice(0, at), rest.slice(at + 1)];
  if (kind === 'line') {
    const chainage = strictNumber(place);
    return chainage === undefined ? { kind, id: rest, chainage: null } : { kind, id, chainage };
  }
  const [lon, lat] = place.split(',').map(strictNumber);
  if (lon === undefined || lat === undefined || !id) return null;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90) return null;
  return kind === 'cell' ? { kind, id, lon, lat } : { kind: 'site', id, lon, lat };
}

function strictNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) return undefined;
  return Number(text);
}
