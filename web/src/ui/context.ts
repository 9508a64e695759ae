/** What every part of the page is given. */

import type { Api } from '../api/client';
import type { BuildInfo } from '../api/types';
import { layerTitle, operatorName, type Translate } from '../i18n';
import type { MapView } from '../map/mapView';
import type { Language, State, Store } from '../state';

export interface Context {
  api: Api;
  build: BuildInfo;
  store: Store;
  language: Language;
  t: Translate;
  map: MapView | null;
}

/** A part of the page: its element, and how it follows the state. */
export interface Part {
  element: HTMLElement;
  update(state: State, previous: State): void;
}

export function operatorOf(context: Context, id: string): string {
  return operatorName(context.build, id, context.language);
}

export function currentLayer({ build, store, language }: Context): string {
  return layerTitle(build, store.state.operator, store.state.technology, language);
}
