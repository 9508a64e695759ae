import { describe, expect, it } from 'vitest';
import { formatHash, parseHash } from '../src/hash';
import { METRICS, TABS, type Selection, type State } from '../src/state';

const base: State = {
  camera: { zoom: 9.25, lat: 31.2, lon: 120.61234 },
  operator: '46000',
  technology: 'nr',
  overlays: ['cells', 'sites'],
  metric: 'rsrp',
  forecast: 'p',
  selection: null,
  tab: 'lines',
  open: true,
  language: 'zh',
};

/** What comes back: everything but `open`, which is not part of a link. */
function roundTrip(state: State): Partial<State> {
  return parseHash(formatHash(state));
}

function linked(state: State): Partial<State> {
  const { open, ...rest } = state;
  expect(open).toBe(true);
  return rest;
}

describe('the deep link', () => {
  it('gives back the state it was made from', () => {
    expect(roundTrip(base)).toEqual(linked(base));
  });

  it.each(METRICS.flatMap((metric) => TABS.map((tab) => [metric, tab] as const)))(
    'keeps metric %s with tab %s',
    (metric, tab) => {
      expect(roundTrip({ ...base, metric, tab })).toEqual(linked({ ...base, metric, tab }));
    },
  );

  const selections: Selection[] = [
    { kind: 'cell', id: '8a3099b4a8affff', lon: 120.6, lat: -31.25 },
    { kind: 'line', id: 'g42', chainage: null },
    { kind: 'line', id: 'road/A 1@north:2', chainage: 12300 },
    { kind: 'spot', id: 'section:g42:46000/nr@K1+200' },
    { kind: 'site', id: '基站&#=?+%2F', lon: -0.5, lat: 51.5 },
  ];
  it.each(selections)('keeps the selection $kind $id', (selection) => {
    expect(roundTrip({ ...base, selection })).toEqual(linked({ ...base, selection }));
  });

  it('keeps the choice of no layer at all', () => {
    expect(roundTrip({ ...base, overlays: [] }).overlays).toEqual([]);
  });

  it('reads well: slashes and commas are not escaped', () => {
    expect(formatHash(base)).toContain('map=9.25/31.20000/120.61234');
    expect(formatHash(base)).toContain('layers=cells,sites');
  });

  it.each([
    ['#map=1/2', 'camera'],
    ['#map=9/91/10', 'camera'],
    ['#map=9/NaN/10', 'camera'],
    ['#map=9/1e3/10', 'camera'],
    ['#metric=__proto__', 'metric'],
    ['#tab=admin', 'tab'],
    ['#lang=fr', 'language'],
  ])('leaves %s at its default', (hash, name) => {
    expect(parseHash(hash)).not.toHaveProperty(name);
  });

  it.each(['#sel=cell:8a@999,1', '#sel=cell:8a', '#sel=planet:x', '#sel=spot:', '#sel='])(
    'selects nothing for %s',
    (hash) => {
      expect(parseHash(hash).selection).toBeNull();
    },
  );

  it('drops layers it does not know and puts the others in the order of the map', () => {
    expect(parseHash('#layers=sites,oceans,cells').overlays).toEqual(['cells', 'sites']);
  });
});
