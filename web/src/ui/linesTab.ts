/** The list of lines: kilometres by verdict in the chosen layer. */

import type { LineVerdict } from '../api/types';
import { named } from '../i18n';
import { phrase } from '../layers/overlay';
import { fixed, km } from '../text/format';
import { currentLayer, type Context, type Part } from './context';
import { h } from './dom';
import { choice, PAGE_SIZE, PagedList } from './pagedList';
import { answerBadge, directionOf, lineTitle, verdictBar } from './pieces';

const CLASSES = [
  'hsr', 'rail', 'metro', 'tram', 'motorway', 'trunk', 'primary', 'secondary', 'national',
  'provincial', 'road', 'waterway',
];
const TYPING_MS = 250;

export function linesTab(context: Context): Part {
  const { api, store, t } = context;
  const filter = { class: '', q: '' };
  const list = new PagedList<LineVerdict>({
    context,
    label: t('tab.lines'),
    none: t('list.noLines'),
    fetch: (offset, signal) => {
      const { operator, technology } = store.state;
      return api.lines({ operator, technology, ...filter, limit: PAGE_SIZE, offset }, signal);
    },
    render: (items) => lineTable(context, items),
  });
  const title = h('h2', { class: 'list-title' });
  const filters = h(
    'div',
    { class: 'filters' },
    search(t('list.search'), (q) => {
      filter.q = q;
      void list.load();
    }),
    choice(
      t('list.filterClass'),
      [['', t('list.allClasses')], ...CLASSES.map((id): [string, string] => [id, named(t, 'class', id)])],
      (value) => {
        filter.class = value;
        void list.load();
      },
    ),
  );
  const load = () => {
    title.textContent = t('list.lines', { layer: currentLayer(context) });
    void list.load();
  };
  let stale = true;
  return {
    element: h('div', { class: 'stack' }, title, filters, list.element),
    update(state, previous) {
      if (state.operator !== previous.operator || state.technology !== previous.technology) stale = true;
      if (stale && state.tab === 'lines') {
        stale = false;
        load();
      }
    },
  };
}

function search(label: string, change: (text: string) => void): HTMLElement {
  const input = h('input', { type: 'search', placeholder: label, 'aria-label': label });
  let timer = 0;
  input.addEventListener('input', () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      change(input.value.trim());
    }, TYPING_MS);
  });
  return h('div', { class: 'field grow' }, input);
}

function lineTable(context: Context, items: LineVerdict[]): HTMLElement {
  const { t } = context;
  const kilometres = (name: string, unit: string) => h('th', { scope: 'col', class: 'number' }, name, h('small', {}, unit));
  return h(
    'table',
    { class: 'lines' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, t('list.line')),
        kilometres(t('verdict.covered'), ' km'),
        kilometres(t('verdict.weak'), ' km'),
        kilometres(t('verdict.none'), ' km'),
        kilometres(t('verdict.unmeasured'), ' km'),
      ),
    ),
    ...items.map((line) => lineRows(context, line)),
  );
}

function lineRows({ store, t }: Context, line: LineVerdict): HTMLElement {
  const open = () => {
    store.update({ selection: { kind: 'line', id: line.line_id, chainage: null } });
  };
  const figure = (value: number) => h('td', { class: 'number' }, fixed(value, 1));
  return h(
    'tbody',
    { class: 'clickable', onclick: open },
    h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('button', { type: 'button', class: 'link' }, lineTitle(line)),
        h('small', { title: line.line_id }, phrase(named(t, 'class', line.class), km(line.length_km), directionOf(t, line.oneway))),
      ),
      figure(line.covered_km),
      figure(line.weak_km),
      figure(line.none_km),
      figure(line.unmeasured_km),
    ),
    h('tr', {}, h('td', { colspan: 5 }, h('div', { class: 'bar-row' }, lineBar(t, line), answerBadge(t, line.answer)))),
  );
}

export function lineBar(t: Context['t'], line: LineVerdict): HTMLElement {
  const amounts = {
    covered: line.covered_km,
    weak: line.weak_km,
    none: line.none_km,
    unmeasured: line.unmeasured_km,
  };
  return verdictBar(t, amounts, 'km');
}
