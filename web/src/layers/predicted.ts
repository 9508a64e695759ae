/**
 * What is predicted, never measured: hexagons with dots over them, in colours of their own, under
 * all that is measured.
 */

import type { ExpressionSpecification, FilterSpecification } from 'maplibre-gl';
import { count, db, dbm, length, percent } from '../text/format';
import { fadingEntries, scaleEntries } from './legends';
import { number, phrase, type Overlay, type Swatch } from './overlay';
import { FADING, fading, FORECAST_SCALES, scaleColor } from './scale';

export const DOTS = 'dots';

const OPACITY = FADING.opacities[FADING.opacities.length - 1] ?? 1;
const WHOLE = '#62b069';

export const predicted: Overlay = {
  id: 'predicted',
  title: 'layer.predicted',
  perLayer: true,
  table: 'cell_prediction',

  style({ forecast }) {
    const scale = FORECAST_SCALES[forecast];
    const common = { source: 'predicted', 'source-layer': 'predicted' };
    const told = ['==', ['typeof', ['get', scale.property]], 'number'] as ExpressionSpecification;
    return [
      {
        id: 'predicted-fill',
        type: 'fill',
        ...common,
        filter: told as FilterSpecification,
        paint: { 'fill-color': scaleColor(scale), 'fill-opacity': fading('part'), 'fill-antialias': false },
      },
      {
        id: 'predicted-dots',
        type: 'fill',
        ...common,
        filter: told as FilterSpecification,
        paint: { 'fill-pattern': DOTS, 'fill-opacity': fading('part') },
      },
    ];
  },

  legend({ forecast }, t) {
    const scale = FORECAST_SCALES[forecast];
    const unit = { dBm: 'dBm', dB: 'dB', percent: '%', samples: null }[scale.unit];
    const draw = (color: string): Swatch => ({ kind: 'dotted', color, opacity: OPACITY });
    return {
      title: t(`forecast.${forecast}`),
      unit,
      entries: scaleEntries(scale, draw),
      fading: { title: t('legend.part'), entries: fadingEntries(WHOLE) },
    };
  },

  note({ scores }, { operator, technology }, t) {
    const score = scores.find((one) => one.operator === operator && one.technology === technology);
    if (!score) return t('scores.none');
    return phrase(
      t('scores.held', { blocks: length(score.block_m), n: count(score.n) }),
      t('scores.error', { rmse: db(score.rmse_db), inside: percent(score.inside_90) }),
      score.weak_recall === null ? null : t('scores.weak', { recall: percent(score.weak_recall) }),
    );
  },

  hint(feature, t) {
    const p = number(feature, 'p');
    const [rsrp, sd] = [number(feature, 'rsrp'), number(feature, 'sd')];
    return phrase(
      t('hint.predicted'),
      p === null ? null : t('hint.p', { share: percent(p) }),
      rsrp === null ? null : sd === null ? dbm(rsrp) : `${dbm(rsrp)} ± ${db(sd)}`,
      number(feature, 'sinr') === null ? null : `SINR ${db(number(feature, 'sinr'))}`,
    );
  },

  select() {
    return null;
  },

  marks() {
    return {};
  },
};
