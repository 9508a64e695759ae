/** Segments of lines by verdict, over a white casing; what is not measured is thin and dashed. */

import type { ExpressionSpecification } from 'maplibre-gl';
import { verdictEntries } from './legends';
import { named } from '../i18n';
import { chainageRange, dbm } from '../text/format';
import { NOTHING, number, phrase, text, type Overlay } from './overlay';
import { VERDICT_COLORS, verdictColor } from './scale';

const width = (base: number): ExpressionSpecification => [
  'interpolate', ['linear'], ['zoom'], 5, base * 0.5, 9, base * 0.8, 14, base * 1.6,
];
const isUnmeasured: ExpressionSpecification = ['==', ['get', 'verdict'], 'unmeasured'];
const common = { source: 'segments', 'source-layer': 'segments' };

export const segments: Overlay = {
  id: 'segments',
  title: 'layer.segments',
  perLayer: true,

  style({ fonts }) {
    return [
      {
        id: 'segments-selected',
        type: 'line',
        ...common,
        filter: NOTHING,
        layout: { 'line-cap': 'round' },
        paint: { 'line-color': '#101820', 'line-width': width(9) },
      },
      {
        id: 'segments-casing',
        type: 'line',
        ...common,
        layout: { 'line-cap': 'round' },
        paint: { 'line-color': '#ffffff', 'line-width': width(6.5) },
      },
      {
        id: 'segments-unmeasured',
        type: 'line',
        ...common,
        filter: isUnmeasured,
        paint: {
          'line-color': VERDICT_COLORS.unmeasured,
          'line-width': width(2),
          'line-dasharray': [1.5, 1.2],
        },
      },
      {
        id: 'segments-line',
        type: 'line',
        ...common,
        filter: ['!', isUnmeasured],
        paint: { 'line-color': verdictColor(), 'line-width': width(4.5) },
      },
      {
        id: 'segments-label',
        type: 'symbol',
        ...common,
        minzoom: 7,
        layout: {
          'symbol-placement': 'line',
          'symbol-spacing': 420,
          'text-field': ['get', 'line'],
          'text-font': fonts,
          'text-size': 12,
          'text-padding': 20,
        },
        paint: { 'text-color': '#27323a', 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 },
      },
    ];
  },

  legend(_shown, t) {
    const entries = verdictEntries(
      t,
      (color) => ({ kind: 'line', color }),
      { kind: 'dashed', color: VERDICT_COLORS.unmeasured },
    );
    return { title: t('metric.verdict'), unit: null, entries };
  },

  hint(feature, t) {
    return phrase(
      text(feature, 'line'),
      chainageRange(number(feature, 'from_m'), number(feature, 'to_m')),
      named(t, 'verdict', text(feature, 'verdict')),
      dbm(number(feature, 'rsrp')),
    );
  },

  select({ feature }) {
    const id = text(feature, 'line_id');
    return id === null ? null : { kind: 'line', id, chainage: number(feature, 'from_m') };
  },

  marks(selection) {
    const found = selection.kind === 'line';
    return { 'segments-selected': found ? ['==', ['get', 'line_id'], selection.id] : NOTHING };
  },
};
