/**
 * Keeps the address bar and the state equal.
 *
 * What a reader chooses (operator, layer, selection) is a step that the back button undoes; moving
 * the map only rewrites the current step.
 */

import { formatHash, parseHash } from './hash';
import { same, type Change, type State, type Store } from './state';

export function connectAddress(store: Store, defaults: State, allow: (change: Change) => Change): void {
  let reading = false;
  history.replaceState(null, '', formatHash(store.state));
  store.subscribe((state, previous) => {
    if (reading) return;
    const hash = formatHash(state);
    if (hash === location.hash) return;
    if (onlyMoved(state, previous)) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
  });
  window.addEventListener('popstate', () => {
    reading = true;
    const { open } = store.state;
    const camera = store.state.camera;
    store.update({ ...defaults, camera, open, ...allow(parseHash(location.hash)) });
    reading = false;
  });
}

function onlyMoved(state: State, previous: State): boolean {
  return same({ ...state, camera: null, open: true }, { ...previous, camera: null, open: true });
}
