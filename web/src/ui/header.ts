/** The bar on top: what this is, whose data, whether it is simulated, and the language. */

import type { Context, Part } from './context';
import { h, svg } from './dom';

export function header({ build, language, store, t }: Context): Part {
  const other = language === 'zh' ? 'en' : 'zh';
  const swap = () => {
    store.update({ language: other });
  };
  const element = h(
    'header',
    { class: 'top' },
    h('a', { class: 'skip', href: '#sheet', onclick: skip }, t('app.skip')),
    h('div', { class: 'brand' }, logo(), h('h1', {}, t('app.title'))),
    h('p', { class: 'workspace', title: t('app.build', { id: build.id }) }, build.name),
    h(
      'button',
      { type: 'button', class: 'button language', lang: other, 'aria-label': t('app.languageLabel'), onclick: swap },
      t('app.language'),
    ),
  );
  return { element, update: () => undefined };
}

/** The hash of the address is the deep link, so the skip link must not replace it. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('.tabs [tabindex="0"]')?.focus();
}

function logo(): SVGElement {
  return svg(
    'svg',
    { class: 'logo', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    svg('path', { d: 'M12 1.5 21 6.7v10.6L12 22.5 3 17.3V6.7z', fill: '#2f7fc1' }),
    svg('path', { d: 'M12 1.5 21 6.7v10.6L12 12z', fill: '#f0a020' }),
    svg('path', { d: 'M12 12 21 17.3 12 22.5z', fill: '#8c1546' }),
  );
}

/** Said in both languages at once: whoever looks must see that nothing here was measured. */
export function simulatedBanner(): HTMLElement {
  return h(
    'div',
    { class: 'simulated', role: 'note' },
    h('strong', { lang: 'en' }, 'Simulated data'),
    ' / ',
    h('strong', { lang: 'zh' }, '模拟数据'),
  );
}
