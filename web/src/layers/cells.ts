/** H3 cells, coloured by verdict or by a figure; what is not measured is hatched. */

import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl';
import { scaleEntries, verdictEntries } from './legends';
import { named } from '../i18n';
import { count, dbm } from '../text/format';
import { NOTHING, number, phrase, text, type Overlay } from './overlay';
import { SCALES, scaleColor, verdictColor } from './scale';

export const HATCH = 'hatch';

/** Pale enough for the lines on top of them to stand out; the legend is as pale. */
const OPACITY = 0.7;

const h3: ExpressionSpecification = ['get', 'h3'];

export const cells: Overlay = {
  id: 'cells',
  title: 'layer.cells',
  perLayer: true,

  style({ metric }) {
    const color = metric === 'verdict' ? verdictColor() : scaleColor(SCALES[metric]);
    const shown = metric === 'verdict' ? measured : hasFigure(SCALES[metric].property);
    const common = { source: 'cells', 'source-layer': 'cells' };
    return [
      {
        id: 'cells-fill',
        type: 'fill',
        ...common,
        filter: shown as FilterSpecification,
        paint: { 'fill-color': color, 'fill-opacity': OPACITY, 'fill-outline-color': '#ffffff' },
      },
      {
        id: 'cells-unmeasured',
        type: 'fill',
        ...common,
        filter: ['!', shown] as FilterSpecification,
        paint: { 'fill-pattern': HATCH, 'fill-opacity': 0.9 },
      },
      {
        id: 'cells-selected',
        type: 'line',
        ...common,
        filter: NOTHING,
        paint: { 'line-color': '#101820', 'line-width': 2.5 },
      },
    ];
  },

  legend(metric, t) {
    const hatch = { kind: 'hatch' } as const;
    if (metric === 'verdict') {
      const entries = verdictEntries(t, (color) => ({ kind: 'fill', color, opacity: OPACITY }), hatch);
      return { title: t('metric.verdict'), unit: null, entries };
    }
    const scale = SCALES[metric];
    const unit = { dBm: 'dBm', percent: '%', samples: t('unit.samples') }[scale.unit];
    const none = { swatch: hatch, label: t('legend.noFigure') };
    return { title: t(`metric.${metric}`), unit, entries: [...scaleEntries(scale, OPACITY), none] };
  },

  hint(feature, t) {
    const samples = number(feature, 'n');
    return phrase(
      named(t, 'verdict', text(feature, 'verdict')),
      dbm(number(feature, 'rsrp')),
      samples === null ? null : `n = ${count(samples)}`,
    );
  },

  select({ feature, lon, lat }) {
    const id = text(feature, 'h3');
    return id === null ? null : { kind: 'cell', id, lon, lat };
  },

  marks(selection) {
    return { 'cells-selected': selection.kind === 'cell' ? ['==', h3, selection.id] : NOTHING };
  },
};

const measured: ExpressionSpecification = ['!=', ['get', 'verdict'], 'unmeasured'];

function hasFigure(property: string): ExpressionSpecification {
  return ['==', ['typeof', ['get', property]], 'number'];
}
