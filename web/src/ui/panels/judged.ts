/** Tables of what is known in each layer. */

import type { Judged } from '../../api/types';
import { named } from '../../i18n';
import { count, db, dbm, percent } from '../../text/format';
import { operatorOf, type Context } from '../context';
import { h } from '../dom';
import { figures, verdictBadge } from '../pieces';

/** Whether a layer says nothing at all of a place. */
export function isBlank({ verdict, n }: Judged): boolean {
  return verdict === 'unmeasured' && n === 0;
}

export function judgedFigures({ t }: Context, judged: Judged): HTMLElement {
  return figures([
    [t('field.rsrpMean'), dbm(judged.rsrp_mean_dbm)],
    [t('field.rsrpMedian'), dbm(judged.rsrp_p50_dbm)],
    [t('field.rsrpP5'), dbm(judged.rsrp_p5_dbm)],
    [t('field.sinr'), db(judged.sinr_mean_db)],
    [t('field.share'), percent(judged.share)],
    [t('field.probability'), percent(judged.probability)],
    [t('field.samples'), count(judged.n)],
    [t('field.samplesNone'), judged.n_none > 0 ? count(judged.n_none) : null],
    [t('field.basis'), judged.basis ? named(t, 'basis', judged.basis) : null],
    [t('field.period'), judged.last_period ?? null],
  ]);
}

/** One row a layer that says something here; the chosen one is there in any case, and stands out. */
export function judgedTable(context: Context, layers: readonly Judged[]): HTMLElement {
  const { store, t } = context;
  const { operator, technology } = store.state;
  const isChosen = (judged: Judged) => judged.operator === operator && judged.technology === technology;
  const shown = layers.filter((judged) => !isBlank(judged) || isChosen(judged));
  const others = layers.length - shown.length;
  const column = (name: string, kind = 'number') => h('th', { scope: 'col', class: kind }, name);
  return h(
    'table',
    { class: 'layers' },
    others > 0 ? h('caption', {}, t('panel.othersUnmeasured', { count: others })) : null,
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        column(t('field.layer'), ''),
        column(t('metric.short.verdict'), ''),
        column('RSRP'),
        column(t('metric.short.p')),
        column(t('metric.short.n')),
      ),
    ),
    h('tbody', {}, ...shown.map((judged) => judgedRow(context, judged, isChosen(judged)))),
  );
}

function judgedRow(context: Context, judged: Judged, chosen: boolean): HTMLElement {
  const { t } = context;
  const name = `${operatorOf(context, judged.operator)} · ${named(t, 'technology', judged.technology)}`;
  return h(
    'tr',
    { class: chosen ? 'chosen' : '' },
    h('th', { scope: 'row' }, name),
    h('td', {}, verdictBadge(t, judged.verdict)),
    h('td', { class: 'number' }, dbm(judged.rsrp_mean_dbm).replace(' dBm', '')),
    h('td', { class: 'number' }, percent(judged.probability)),
    h('td', { class: 'number' }, count(judged.n)),
  );
}
