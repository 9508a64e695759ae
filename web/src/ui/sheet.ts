/** The side sheet with its tabs; on a phone it rises from the bottom and is put away again. */

import { same, TABS, type State, type Tab } from '../state';
import { isNarrow } from './narrow';
import type { Context, Part } from './context';
import { h } from './dom';
import { layersTab } from './layersTab';
import { linesTab } from './linesTab';
import { spotsTab } from './spotsTab';

export function sheet(context: Context): Part {
  const { store, t } = context;
  const parts: Record<Tab, Part> = {
    layers: layersTab(context),
    lines: linesTab(context),
    spots: spotsTab(context),
  };
  const tabs = TABS.map((tab) => tabButton(context, tab));
  const pages = TABS.map((tab) =>
    h(
      'div',
      { class: 'page', id: `page-${tab}`, role: 'tabpanel', 'aria-labelledby': `tab-${tab}` },
      parts[tab].element,
    ),
  );
  const element = h(
    'div',
    { class: 'sheet', id: 'sheet' },
    h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('tab.label') }, ...tabs),
    h('div', { class: 'pages' }, ...pages),
  );
  const show = (state: State) => {
    element.classList.toggle('open', state.open);
    TABS.forEach((tab, i) => {
      const chosen = tab === state.tab;
      tabs[i]?.setAttribute('aria-selected', String(chosen));
      tabs[i]?.setAttribute('tabindex', chosen ? '0' : '-1');
      pages[i]?.toggleAttribute('hidden', !chosen);
    });
  };
  show(store.state);
  for (const tab of TABS) parts[tab].update(store.state, store.state);
  return {
    element,
    update(state, previous) {
      show(state);
      // On a phone the sheet makes room for the details.
      if (isNarrow() && state.selection && !same(state.selection, previous.selection)) {
        store.update({ open: false });
      }
      for (const tab of TABS) parts[tab].update(state, previous);
    },
  };
}

function tabButton({ store, t }: Context, tab: Tab): HTMLButtonElement {
  const choose = () => {
    const { open, tab: current } = store.state;
    store.update({ tab, open: tab === current ? !open : true });
  };
  const button = h(
    'button',
    { type: 'button', role: 'tab', id: `tab-${tab}`, 'aria-controls': `page-${tab}`, onclick: choose },
    t(`tab.${tab}`),
  );
  button.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] ?? tab;
    store.update({ tab: next, open: true });
    document.getElementById(`tab-${next}`)?.focus();
  });
  return button;
}
