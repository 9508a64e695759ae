/** H3 cells, coloured by verdict or by a figure; what is not measured is hatched. */

import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl';
import { fadingEntries, scaleEntries, verdictEntries } from './legends';
import { named, type Translate } from '../i18n';
import { count, dbm, percent } from '../text/format';
import { NOTHING, number, phrase, text, type Legend, type Overlay } from './overlay';
import { FADING, fading, SCALES, scaleColor, VERDICT_COLORS, verdictColor } from './scale';
import type { Metric } from '../state';

export const HATCH = 'hatch';

/** Of hexagons that are whole: pale enough for the lines on top to stand out; the legend is as pale. */
const OPACITY = FADING.opacities[FADING.opacities.length - 1] ?? 1;

/** Share of a hexagon's area that a figure rests on: judged cells, or any cells with samples. */
const RESTS_ON: Record<Metric, 'measured' | 'seen'> = {
  verdict: 'measured',
  share: 'measured',
  p: 'measured',
  rsrp: 'seen',
  n: 'seen',
};

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
        paint: {
          'fill-color': color,
          'fill-opacity': fading(RESTS_ON[metric]),
          'fill-outline-color': '#ffffff',
        },
      },
      {
        id: 'cells-unmeasured',
        type: 'fill',
        ...common,
        filter: ['!', shown] as FilterSpecification,
        paint: { 'fill-pattern': HATCH, 'fill-opacity': fading('seen') },
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

  legend({ metric }, t) {
    const hatch = { kind: 'hatch' } as const;
    if (metric === 'verdict') {
      const entries = verdictEntries(t, (color) => ({ kind: 'fill', color, opacity: OPACITY }), hatch);
      return { title: t('metric.verdict'), unit: null, entries, fading: faded(metric, t) };
    }
    const scale = SCALES[metric];
    const unit = { dBm: 'dBm', dB: 'dB', percent: '%', samples: t('unit.samples') }[scale.unit];
    const none = { swatch: hatch, label: t('legend.noFigure') };
    const entries = [...scaleEntries(scale, (color) => ({ kind: 'fill', color, opacity: OPACITY })), none];
    return { title: t(`metric.${metric}`), unit, entries, fading: faded(metric, t) };
  },

  hint(feature, t) {
    const samples = number(feature, 'n');
    const measured = number(feature, 'measured');
    return phrase(
      named(t, 'verdict', text(feature, 'verdict')),
      dbm(number(feature, 'rsrp')),
      samples === null ? null : `n = ${count(samples)}`,
      measured === null || measured > 0.99 ? null : t('hint.measured', { share: percent(measured) }),
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

function faded(metric: Metric, t: Translate): NonNullable<Legend['fading']> {
  const title = RESTS_ON[metric] === 'measured' ? t('legend.measured') : t('legend.seen');
  return { title, entries: fadingEntries(VERDICT_COLORS.covered) };
}

const measured: ExpressionSpecification = ['!=', ['get', 'verdict'], 'unmeasured'];

function hasFigure(property: string): ExpressionSpecification {
  return ['==', ['typeof', ['get', property]], 'number'];
}
