/** Lines by answer, as a broad band under their segments; what is not measured is thin and dashed. */

import type { ExpressionSpecification } from 'maplibre-gl';
import { named } from '../i18n';
import { km, percent } from '../text/format';
import { NOTHING, number, phrase, text, type Overlay } from './overlay';
import { ANSWERS, ANSWER_COLORS, answerColor, VERDICT_COLORS } from './scale';

const width = (base: number): ExpressionSpecification => [
  'interpolate', ['linear'], ['zoom'], 4, base * 0.35, 9, base * 0.8, 14, base * 1.6,
];
const isUnmeasured: ExpressionSpecification = ['==', ['get', 'answer'], 'unmeasured'];
const common = { source: 'lines', 'source-layer': 'lines' };
const round = { 'line-cap': 'round', 'line-join': 'round' } as const;

export const lines: Overlay = {
  id: 'lines',
  title: 'layer.lines',
  perLayer: true,

  style() {
    return [
      {
        id: 'lines-selected',
        type: 'line',
        ...common,
        filter: NOTHING,
        layout: round,
        paint: { 'line-color': '#101820', 'line-width': width(15) },
      },
      {
        id: 'lines-unmeasured',
        type: 'line',
        ...common,
        filter: isUnmeasured,
        paint: {
          'line-color': VERDICT_COLORS.unmeasured,
          'line-width': width(3),
          'line-dasharray': [1.2, 1],
        },
      },
      {
        id: 'lines-line',
        type: 'line',
        ...common,
        filter: ['!', isUnmeasured],
        layout: round,
        paint: { 'line-color': answerColor(), 'line-width': width(11) },
      },
    ];
  },

  legend(_shown, t) {
    const answers = ANSWERS.map((answer) => ({
      swatch: { kind: 'band', color: ANSWER_COLORS[answer] } as const,
      label: t(`answer.${answer}`),
    }));
    const none = { swatch: { kind: 'dashed', color: VERDICT_COLORS.unmeasured } as const, label: t('answer.unmeasured') };
    return { title: t('legend.answer'), unit: null, entries: [...answers, none] };
  },

  hint(feature, t) {
    const [low, high] = [number(feature, 'share_low'), number(feature, 'share_high')];
    return phrase(
      text(feature, 'line'),
      named(t, 'answer', text(feature, 'answer')),
      low === null || high === null ? null : `${percent(low)} – ${percent(high)}`,
      km(number(feature, 'route_length_km')),
    );
  },

  select({ feature }) {
    const id = text(feature, 'line_id');
    return id === null ? null : { kind: 'line', id, chainage: null };
  },

  marks(selection) {
    const found = selection.kind === 'line';
    return { 'lines-selected': found ? ['==', ['get', 'line_id'], selection.id] : NOTHING };
  },
};
