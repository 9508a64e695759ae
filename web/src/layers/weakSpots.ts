/** Weak spots: sections of lines and areas of cells to be fixed, outlined so as to stay visible. */

import type { FilterSpecification } from 'maplibre-gl';
import { NOTHING, text, type Overlay } from './overlay';

const COLOR = '#d4246e';
const isSpot: FilterSpecification = ['has', 'spot_id'];

export const weakSpots: Overlay = {
  id: 'weak_spots',
  title: 'layer.weak_spots',
  perLayer: true,

  style() {
    const common = { source: 'weak_spots', 'source-layer': 'weak_spots' };
    const points = { source: 'weak_spots', 'source-layer': 'weak_spot_points' };
    const polygon: FilterSpecification = ['==', ['geometry-type'], 'Polygon'];
    const line: FilterSpecification = ['==', ['geometry-type'], 'LineString'];
    return [
      {
        id: 'weak_spots-area',
        type: 'fill',
        ...common,
        filter: polygon,
        paint: { 'fill-color': COLOR, 'fill-opacity': 0.16 },
      },
      {
        id: 'weak_spots-outline',
        type: 'line',
        ...common,
        filter: polygon,
        paint: { 'line-color': COLOR, 'line-width': 2.2 },
      },
      {
        id: 'weak_spots-section',
        type: 'line',
        ...common,
        filter: line,
        layout: { 'line-cap': 'round' },
        paint: {
          'line-color': COLOR,
          'line-width': 2.4,
          'line-gap-width': ['interpolate', ['linear'], ['zoom'], 6, 4, 14, 11],
        },
      },
      {
        id: 'weak_spots-point',
        type: 'circle',
        ...points,
        maxzoom: 10,
        filter: isSpot,
        paint: {
          'circle-color': COLOR,
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 4, 3, 9, 5.5],
          'circle-stroke-color': '#ffffff',
          'circle-stroke-width': 1.5,
        },
      },
      {
        id: 'weak_spots-selected',
        type: 'line',
        ...common,
        filter: NOTHING,
        paint: { 'line-color': '#101820', 'line-width': 4 },
      },
      {
        id: 'weak_spots-selected-point',
        type: 'circle',
        ...points,
        maxzoom: 10,
        filter: NOTHING,
        paint: {
          'circle-color': COLOR,
          'circle-radius': 8,
          'circle-stroke-color': '#101820',
          'circle-stroke-width': 3,
        },
      },
    ];
  },

  legend(_metric, t) {
    return {
      title: t('layer.weak_spots'),
      unit: null,
      entries: [
        { swatch: { kind: 'outline', color: COLOR }, label: t('legend.spot') },
        { swatch: { kind: 'dot', color: COLOR }, label: t('legend.spotPoint') },
      ],
    };
  },

  select({ feature }) {
    const id = text(feature, 'spot_id');
    return id === null ? null : { kind: 'spot', id };
  },

  marks(selection) {
    const filter: FilterSpecification =
      selection.kind === 'spot' ? ['==', ['get', 'spot_id'], selection.id] : NOTHING;
    return { 'weak_spots-selected': filter, 'weak_spots-selected-point': filter };
  },
};
