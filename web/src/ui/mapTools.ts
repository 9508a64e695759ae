/** What lies on the map: zoom buttons, the busy mark, notices, and who the data comes from. */

import type { Context, Part } from './context';
import { h } from './dom';
import { isNarrow } from './narrow';

export function mapTools(context: Context): Part {
  const { t } = context;
  const button = (text: string, label: string, onclick: () => void) =>
    h('button', { type: 'button', 'aria-label': label, title: label, onclick }, text);
  const element = h(
    'div',
    { class: 'map-tools' },
    button('+', t('app.zoomIn'), () => context.map?.zoomBy(1)),
    button('−', t('app.zoomOut'), () => context.map?.zoomBy(-1)),
    button('⤢', t('app.zoomAll'), () => context.map?.showAll()),
  );
  return { element, update: () => undefined };
}

export function credits({ build, language, t }: Context): HTMLElement {
  const { title, title_zh } = build.rules;
  const rules = language === 'zh' ? title_zh || title : title;
  const parts = [`${t('rules.title')}: ${rules}`, build.attribution, build.map.basemap ? build.map.basemap_attribution : '', 'MapLibre'];
  const said = [...parts.filter((part) => part !== ''), t('app.datum', { datum: build.datum })];
  return h(
    'details',
    { class: 'credits', open: !isNarrow() },
    h('summary', {}, t('app.sources')),
    h('p', {}, said.map((part) => part.replace(/\.$/, '')).join(' · ')),
  );
}
