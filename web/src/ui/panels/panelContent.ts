/** What every kind of details panel gives: a kind, a title, and the body under it. */

import { h } from '../dom';

export interface PanelContent {
  kind: string;
  title: string;
  body: (HTMLElement | null)[];
}

export function section(title: string, ...children: (Node | null)[]): HTMLElement {
  return h('section', {}, h('h3', {}, title), ...children);
}
