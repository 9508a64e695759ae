/** The details panel: follows the selection; loading, error and content each have their look. */

import type { Selection, State } from '../state';
import { same } from '../state';
import type { Context, Part } from './context';
import { h } from './dom';
import { cellPanel } from './panels/cellPanel';
import { linePanel } from './panels/linePanel';
import type { PanelContent } from './panels/panelContent';
import { sitePanel } from './panels/sitePanel';
import { spotPanel } from './panels/spotPanel';
import { failure, isAbort, loading } from './pieces';

export function detailPanel(context: Context): Part {
  const { store, t } = context;
  const kind = h('p', { class: 'panel-kind' });
  const title = h('h2', { tabindex: -1 });
  const body = h('div', { class: 'panel-body' });
  let opener: Element | null = null;
  const close = () => {
    store.update({ selection: null });
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  };
  const element = h(
    'aside',
    { class: 'panel', 'aria-label': t('panel.label') },
    h(
      'header',
      {},
      h('div', {}, kind, title),
      h('button', { type: 'button', class: 'close', 'aria-label': t('app.close'), onclick: close }, '✕'),
    ),
    body,
  );
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  let running: AbortController | null = null;

  const show = ({ kind: what, title: name, body: parts }: PanelContent) => {
    kind.textContent = what;
    title.textContent = name;
    body.replaceChildren(...parts.filter((part) => part !== null));
    element.removeAttribute('aria-busy');
  };
  const load = async (selection: Selection) => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    element.hidden = false;
    // From the keyboard's point of view the details come right after what opened them.
    if (document.activeElement?.closest('.side')) {
      opener = document.activeElement;
      title.focus({ preventScroll: true });
    }
    element.setAttribute('aria-busy', 'true');
    body.replaceChildren(loading(t));
    try {
      const content = await contentOf(context, selection, signal);
      if (!signal.aborted) show(content);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      element.removeAttribute('aria-busy');
      kind.textContent = '';
      title.textContent = selection.id;
      body.replaceChildren(failure(t, t('error.detail'), error, () => void load(selection)));
    }
  };
  const follow = (state: State, previous: State | null) => {
    if (previous && same(depends(state), depends(previous))) return;
    if (state.selection) void load(state.selection);
    else {
      running?.abort();
      element.hidden = true;
    }
  };
  follow(store.state, null);
  return { element, update: follow };
}

function depends({ selection, operator, technology }: State): unknown {
  return [selection, operator, technology];
}

function contentOf(context: Context, selection: Selection, signal: AbortSignal): Promise<PanelContent> {
  switch (selection.kind) {
    case 'cell':
      return cellPanel(context, selection, signal);
    case 'line':
      return linePanel(context, selection, signal);
    case 'spot':
      return spotPanel(context, selection, signal);
    case 'site':
      return sitePanel(context, selection);
  }
}
