/** The choice of operator, technology, layers and figure, each layer with its legend beside it. */

import { allTechnologies, fitTechnology, operatorsOf, technologiesOf } from '../choices';
import { named } from '../i18n';
import { OVERLAY_LIST } from '../layers/registry';
import type { Overlay } from '../layers/overlay';
import { FORECASTS, METRICS, type State } from '../state';
import { operatorOf, type Context, type Part } from './context';
import { h } from './dom';
import { legendList } from './legend';

export function layersTab(context: Context): Part {
  const parts = [operators(context), technologies(context), overlays(context)];
  const element = h('div', { class: 'stack' }, ...parts.map((part) => part.element), rules(context));
  return {
    element,
    update(state, previous) {
      for (const part of parts) part.update(state, previous);
    },
  };
}

interface Chip {
  input: HTMLInputElement;
  element: HTMLElement;
}

function chip(group: string, value: string, label: string, checked: boolean, choose: () => void): Chip {
  const input = h('input', { type: 'radio', name: group, value, onchange: choose });
  input.checked = checked;
  return { input, element: h('label', { class: 'chip' }, input, h('span', {}, label)) };
}

function operators(context: Context): Part {
  const { build, store, t } = context;
  const chips = operatorsOf(build).map((id) => {
    const look = build.operators.find((operator) => operator.id === id);
    const made = chip('operator', id, operatorOf(context, id), id === store.state.operator, () => {
      const technology = fitTechnology(build, id, store.state.technology);
      store.update({ operator: id, technology });
    });
    if (id === 'any' || id === 'all') made.element.title = t(`operator.${id}Note`);
    if (id !== 'any' && id !== 'all' && look?.color && CSS.supports('color', look.color)) {
      made.element.style.setProperty('--operator', look.color);
      made.element.classList.add('colored');
    }
    return made;
  });
  return {
    element: group(t('control.operator'), chips),
    update(state) {
      for (const { input } of chips) input.checked = input.value === state.operator;
    },
  };
}

function technologies(context: Context): Part {
  const { build, store, t } = context;
  const chips = allTechnologies(build).map((id) =>
    chip('technology', id, named(t, 'technology', id), id === store.state.technology, () => {
      store.update({ technology: id });
    }),
  );
  const update = (state: State) => {
    const known = technologiesOf(build, state.operator);
    for (const { input, element } of chips) {
      input.checked = input.value === state.technology;
      input.disabled = !known.includes(input.value);
      element.title = input.disabled ? t('control.noLayer') : '';
    }
  };
  update(store.state);
  return { element: group(t('control.technology'), chips), update };
}

function group(title: string, chips: Chip[]): HTMLElement {
  return h(
    'fieldset',
    { class: 'group' },
    h('legend', {}, title),
    h('div', { class: 'chips' }, ...chips.map(({ element }) => element)),
  );
}

function overlays(context: Context): Part {
  const offered = OVERLAY_LIST.filter(({ table }) => table === undefined || context.build.tables[table]);
  const parts = offered.map((item) => overlayControl(context, item));
  const element = h(
    'fieldset',
    { class: 'group' },
    h('legend', {}, context.t('control.layers')),
    ...parts.map((part) => part.element),
  );
  return {
    element,
    update(state, previous) {
      for (const part of parts) part.update(state, previous);
    },
  };
}

function overlayControl(context: Context, item: Overlay): Part {
  const { build, store, t } = context;
  const input = h('input', { type: 'checkbox', name: `overlay-${item.id}` });
  input.addEventListener('change', () => {
    const others = store.state.overlays.filter((id) => id !== item.id);
    const wanted = input.checked ? [...others, item.id] : others;
    store.update({ overlays: OVERLAY_LIST.map(({ id }) => id).filter((id) => wanted.includes(id)) });
  });
  const legend = h('div', { class: 'overlay-body', 'data-legend': item.id });
  const metrics = figureChoice(context, item);
  const note = h('p', { class: 'note', 'data-note': item.id });
  const body = h('div', {}, metrics?.element, legend, item.note ? note : null);
  const update = (state: State) => {
    input.checked = state.overlays.includes(item.id);
    body.hidden = !input.checked;
    legend.replaceChildren(legendList(item.legend(state, t)));
    if (item.note) note.textContent = item.note(build, state, t);
  };
  update(store.state);
  return {
    element: h('div', { class: 'overlay' }, h('label', { class: 'check' }, input, t(item.title)), body),
    update(state, previous) {
      update(state);
      metrics?.update(state, previous);
    },
  };
}

/** The choice of a layer's figure, where it has several. */
function figureChoice({ store, t }: Context, { id }: Overlay): Part | null {
  if (id === 'cells') {
    const chips = METRICS.map((metric) =>
      chip('metric', metric, t(`metric.short.${metric}`), metric === store.state.metric, () => {
        store.update({ metric });
      }),
    );
    return oneOf(chips, t('control.metric'), ({ metric }) => metric);
  }
  if (id !== 'predicted') return null;
  const chips = FORECASTS.map((forecast) =>
    chip('forecast', forecast, t(`forecast.short.${forecast}`), forecast === store.state.forecast, () => {
      store.update({ forecast });
    }),
  );
  return oneOf(chips, t('control.metric'), ({ forecast }) => forecast);
}

function oneOf(chips: Chip[], label: string, chosen: (state: State) => string): Part {
  const attributes = { class: 'chips small', role: 'radiogroup', 'aria-label': label };
  const element = h('div', attributes, ...chips.map((made) => made.element));
  return {
    element,
    update(state) {
      for (const { input } of chips) input.checked = input.value === chosen(state);
    },
  };
}

/** `2026-11-21T09:47:31Z` as `2026-11-21 09:47`. */
function minutes(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

function rules({ build, language, t }: Context): HTMLElement {
  const { rules: pack } = build;
  const isDefault = pack.id === 'project-default';
  return h(
    'section',
    { class: 'rules' },
    h('h3', {}, t('rules.title')),
    h('p', {}, h('strong', {}, language === 'zh' ? pack.title_zh || pack.title : pack.title)),
    h('p', {}, h('code', {}, pack.id), ' · ', t('rules.version', { version: pack.version })),
    h('p', { class: isDefault ? 'caution' : '' }, t(isDefault ? 'rules.projectDefault' : 'rules.own')),
    h('p', { class: 'build' }, t('app.build', { id: build.id }), build.created ? ` · ${t('app.created', { time: minutes(build.created) })}` : null),
  );
}
