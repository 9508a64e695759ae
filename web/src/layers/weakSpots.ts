/** Weak spots: sections of lines and areas of cells to be fixed, outlined so as to stay visible. */

import type { ExpressionSpecification } from 'maplibre-gl';
import { named } from '../i18n';
import { area, chainageRange, dbm, length } from '../text/format';
import { NOTHING, number, phrase, text, type Overlay } from './overlay';

const COLOR = '#d4246e';
const FAINT = '#eda6c5';
/** From this zoom on the spots themselves are drawn; before, and a little longer, points. */
const NEAR = 9.5;
/** Before this zoom there are sums of many spots only. */
const FAR = 4;
const isArea: ExpressionSpecification = ['==', ['get', 'kind'], 'area'];
const isSection: ExpressionSpecification = ['==', ['get', 'kind'], 'section'];

/** What may not last is drawn fainter: where money should go stands out. */
const firmness: ExpressionSpecification = ['match', ['get', 'outlook'], 'passing', 0.35, 'unsure', 0.7, 1];

export const weakSpots: Overlay = {
  id: 'weak_spots',
  title: 'layer.weak_spots',
  perLayer: true,

  style() {
    const common = { source: 'weak_spots', 'source-layer': 'weak_spots' };
    const points = { source: 'weak_spots', 'source-layer': 'weak_spot_points' };
    const sums = { source: 'weak_spots', 'source-layer': 'weak_spot_sums' };
    return [
      {
        id: 'weak_spots-area',
        type: 'fill',
        ...common,
        minzoom: NEAR,
        filter: isArea,
        paint: { 'fill-color': COLOR, 'fill-opacity': 0.16 },
      },
      {
        id: 'weak_spots-outline',
        type: 'line',
        ...common,
        minzoom: NEAR,
        filter: isArea,
        paint: { 'line-color': COLOR, 'line-width': 2.2, 'line-opacity': firmness },
      },
      {
        id: 'weak_spots-section',
        type: 'line',
        ...common,
        minzoom: NEAR,
        filter: isSection,
        layout: { 'line-cap': 'round' },
        paint: {
          'line-color': COLOR,
          'line-opacity': firmness,
          'line-width': 2.4,
          'line-gap-width': ['interpolate', ['linear'], ['zoom'], 6, 4, 14, 11],
        },
      },
      {
        id: 'weak_spots-sum',
        type: 'circle',
        ...sums,
        maxzoom: FAR,
        paint: {
          'circle-color': COLOR,
          'circle-radius': ['interpolate', ['linear'], ['get', 'spots'], 1, 2, 100, 5, 10000, 12],
          'circle-stroke-color': '#ffffff',
          'circle-stroke-width': 0.4,
        },
      },
      {
        id: 'weak_spots-point',
        type: 'circle',
        ...points,
        maxzoom: NEAR + 0.5,
        paint: {
          'circle-color': COLOR,
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 4, 1.2, 8, 2.4, 10, 4.5],
          'circle-stroke-color': '#ffffff',
          'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 7, 0.4, 10, 1.5],
        },
      },
      {
        id: 'weak_spots-selected',
        type: 'line',
        ...common,
        filter: NOTHING,
        layout: { 'line-cap': 'round' },
        paint: {
          'line-color': '#101820',
          'line-width': 3,
          'line-gap-width': ['interpolate', ['linear'], ['zoom'], 6, 4, 14, 11],
        },
      },
      {
        id: 'weak_spots-selected-area',
        type: 'line',
        ...common,
        filter: NOTHING,
        paint: { 'line-color': '#101820', 'line-width': 3.5 },
      },
      {
        id: 'weak_spots-selected-point',
        type: 'circle',
        ...points,
        maxzoom: NEAR + 0.5,
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

  legend(_shown, t) {
    return {
      title: null,
      unit: null,
      entries: [
        { swatch: { kind: 'outline', color: COLOR }, label: t('legend.spot') },
        { swatch: { kind: 'outline', color: FAINT }, label: t('legend.spotFaint') },
        { swatch: { kind: 'dot', color: COLOR }, label: t('legend.spotPoint') },
      ],
    };
  },

  hint(feature, t) {
    const line = text(feature, 'line');
    const place = line && chainageRange(number(feature, 'from_m'), number(feature, 'to_m'));
    const size = line ? length(number(feature, 'length_m')) : area(number(feature, 'area_m2'));
    const cause = named(t, 'cause', text(feature, 'cause'));
    const outlook = text(feature, 'outlook');
    const told = outlook && named(t, 'outlook', outlook);
    return phrase(line && `${line} ${place ?? ''}`, cause, told, size, dbm(number(feature, 'rsrp')));
  },

  select({ feature }) {
    const id = text(feature, 'spot_id');
    return id === null ? null : { kind: 'spot', id };
  },

  marks(selection) {
    const found: ExpressionSpecification =
      selection.kind === 'spot' ? ['==', ['get', 'spot_id'], selection.id] : NOTHING;
    return {
      'weak_spots-selected': ['all', found, isSection],
      'weak_spots-selected-area': ['all', found, isArea],
      'weak_spots-selected-point': found,
    };
  },
};
