/** A list that is fetched page by page: its filters, rows, pager, and its loading and error looks. */

import type { Page } from '../api/types';
import { count } from '../text/format';
import type { Context } from './context';
import { h } from './dom';
import { empty, failure, isAbort, loading } from './pieces';

export const PAGE_SIZE = 25;

export interface ListOptions<T> {
  context: Context;
  label: string;
  none: string;
  fetch: (offset: number, signal: AbortSignal) => Promise<Page<T>>;
  render: (items: T[]) => HTMLElement;
}

export class PagedList<T> {
  readonly element: HTMLElement;
  readonly #options: ListOptions<T>;
  #running: AbortController | null = null;

  constructor(options: ListOptions<T>) {
    this.#options = options;
    this.element = h('div', { class: 'list', role: 'region', 'aria-label': options.label });
  }

  /** Fetch a page and show it; a fetch that still runs is given up. */
  async load(offset = 0): Promise<void> {
    const { context, fetch } = this.#options;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.element.setAttribute('aria-busy', 'true');
    if (!this.element.hasChildNodes()) this.element.append(loading(context.t));
    try {
      this.#show(await fetch(offset, running.signal));
    } catch (error) {
      if (isAbort(error)) return;
      this.element.replaceChildren(
        failure(context.t, context.t('error.list'), error, () => void this.load(offset)),
      );
    }
    this.element.removeAttribute('aria-busy');
  }

  #show(page: Page<T>): void {
    const { none, render } = this.#options;
    if (page.items.length === 0) this.element.replaceChildren(empty(none));
    else this.element.replaceChildren(render(page.items), this.#pager(page));
  }

  #pager({ total, limit, offset, items }: Page<T>): HTMLElement {
    const { t } = this.#options.context;
    const go = (to: number) => () => void this.load(to);
    const button = (text: string, label: string, to: number, enabled: boolean) =>
      h('button', { type: 'button', class: 'button', 'aria-label': label, disabled: !enabled, onclick: go(to) }, text);
    const range = t('list.range', {
      from: count(offset + 1),
      to: count(offset + items.length),
      total: count(total),
    });
    return h(
      'nav',
      { class: 'pager' },
      button('‹', t('list.previous'), Math.max(0, offset - limit), offset > 0),
      h('span', { role: 'status' }, range),
      button('›', t('list.next'), offset + limit, offset + limit < total),
    );
  }
}

/** A labelled choice; `change` is called with the value. */
export function choice(
  label: string,
  options: [string, string][],
  change: (value: string) => void,
): HTMLElement {
  const select = h('select', {}, ...options.map(([value, text]) => h('option', { value }, text)));
  select.addEventListener('change', () => {
    change(select.value);
  });
  return h('label', { class: 'field' }, h('span', {}, label), select);
}
