/** Base-station sites: dots, with names when one is near. */

import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl';
import { NOTHING, phrase, text, type Overlay } from './overlay';

const COLOR = '#3b4750';
const IOT = '#0f9d76';
const LOCATED = '#8a5a00';
const METRES_PER_PIXEL = 78271.516964;
const TOP_ZOOM = 24;

export const sites: Overlay = {
  id: 'sites',
  title: 'layer.sites',
  perLayer: false,

  style({ fonts }) {
    const common = { source: 'sites', 'source-layer': 'sites' };
    const iot: ExpressionSpecification = [
      'any',
      ['to-boolean', ['get', 'nbiot']],
      ['to-boolean', ['get', 'redcap']],
    ];
    const located: ExpressionSpecification = ['to-boolean', ['get', 'located']];
    // Metres on the ground: the radius in pixels doubles with each zoom.
    const spread: ExpressionSpecification = ['/', ['to-number', ['get', 'spread_m']], METRES_PER_PIXEL];
    return [
      {
        id: 'sites-spread',
        type: 'circle',
        ...common,
        filter: NOTHING,
        paint: {
          'circle-radius': [
            'interpolate',
            ['exponential', 2],
            ['zoom'],
            0,
            spread,
            TOP_ZOOM,
            ['*', spread, 2 ** TOP_ZOOM],
          ],
          'circle-color': LOCATED,
          'circle-opacity': 0.08,
          'circle-stroke-color': LOCATED,
          'circle-stroke-opacity': 0.9,
          'circle-stroke-width': 1.5,
        },
      },
      {
        id: 'sites-dot',
        type: 'circle',
        ...common,
        paint: {
          'circle-color': ['case', located, LOCATED, COLOR],
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 5, 1.2, 9, 1.8, 13, 5],
          'circle-stroke-color': ['case', iot, IOT, '#ffffff'],
          'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 8, 0.2, 13, 2],
        },
      },
      {
        id: 'sites-selected',
        type: 'circle',
        ...common,
        filter: NOTHING,
        paint: {
          'circle-color': COLOR,
          'circle-radius': 8,
          'circle-stroke-color': '#101820',
          'circle-stroke-width': 3,
        },
      },
      {
        id: 'sites-label',
        type: 'symbol',
        ...common,
        minzoom: 13,
        layout: {
          'text-field': ['get', 'name'],
          'text-font': fonts,
          'text-size': 11,
          'text-anchor': 'top',
          'text-offset': [0, 0.7],
        },
        paint: { 'text-color': '#27323a', 'text-halo-color': '#ffffff', 'text-halo-width': 1.4 },
      },
    ];
  },

  legend(_shown, t) {
    return {
      title: null,
      unit: null,
      entries: [
        { swatch: { kind: 'dot', color: COLOR, ring: '#ffffff' }, label: t('legend.site') },
        { swatch: { kind: 'dot', color: COLOR, ring: IOT }, label: t('legend.siteIot') },
        {
          swatch: { kind: 'dot', color: LOCATED, ring: '#ffffff' },
          label: t('legend.siteLocated'),
        },
      ],
    };
  },

  hint(feature) {
    return phrase(text(feature, 'name') ?? text(feature, 'site_id'), text(feature, 'operators'));
  },

  select({ feature, lon, lat }) {
    const id = text(feature, 'site_id');
    return id === null ? null : { kind: 'site', id, lon, lat };
  },

  marks(selection) {
    const filter: FilterSpecification =
      selection.kind === 'site' ? ['==', ['get', 'site_id'], selection.id] : NOTHING;
    // One at a time: the circles of a whole network would hide the map.
    return { 'sites-spread': filter, 'sites-selected': filter };
  },
};
