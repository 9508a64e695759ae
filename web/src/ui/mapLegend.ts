/** A short legend on the map itself, for when the layers' own legends are out of sight. */

import { OVERLAY_LIST } from '../layers/registry';
import type { State } from '../state';
import type { Context, Part } from './context';
import { h } from './dom';
import { legendList } from './legend';

export function mapLegend({ store, t }: Context): Part {
  const element = h('div', { class: 'map-legend', role: 'group', 'aria-label': t('control.legend') });
  const update = (state: State) => {
    const { overlays, tab, open } = state;
    const item = OVERLAY_LIST.find(({ id }) => overlays.includes(id));
    element.dataset.tab = tab;
    element.classList.toggle('closed', !open);
    element.hidden = !item;
    if (item) element.replaceChildren(legendList(item.legend(state, t)));
  };
  update(store.state);
  return { element, update };
}
