/** Small things that several parts show: badges, bars of kilometres, states, figures. */

import { VERDICTS, type Verdict } from '../api/types';
import { named, type Translate } from '../i18n';
import { VERDICT_COLORS } from '../layers/scale';
import { fixed } from '../text/format';
import { h, row } from './dom';

export function verdictBadge(t: Translate, verdict: Verdict): HTMLElement {
  return h('span', { class: `badge verdict-${verdict}` }, t(`verdict.${verdict}`));
}

export function answerBadge(t: Translate, answer: string): HTMLElement {
  return h('span', { class: `badge answer-${answer}` }, named(t, 'answer', answer));
}

/** A bar whose parts are as long as the kilometres (or square metres) of each verdict. */
export function verdictBar(
  t: Translate,
  amounts: Record<Verdict, number>,
  unit: string,
  digits = 1,
): HTMLElement {
  const parts = VERDICTS.filter((verdict) => amounts[verdict] > 0);
  const label = parts
    .map((verdict) => `${t(`verdict.${verdict}`)} ${fixed(amounts[verdict], digits)} ${unit}`)
    .join(', ');
  const total = parts.reduce((sum, verdict) => sum + amounts[verdict], 0);
  return h(
    'div',
    { class: 'bar', role: 'img', 'aria-label': label, title: label },
    ...parts.map((verdict) => {
      const part = h('span', { class: `verdict-${verdict}` });
      part.style.flexGrow = String(amounts[verdict] / total); // below 1 in all, they would not fill it
      if (verdict !== 'unmeasured') part.style.backgroundColor = VERDICT_COLORS[verdict];
      return part;
    }),
  );
}

/** A table of named figures; an entry without a value is left out. */
export function figures(entries: [string, string | Node | null | undefined][]): HTMLElement {
  const rows = entries.filter(([, value]) => value !== null && value !== undefined);
  return h(
    'table',
    { class: 'figures' },
    h('tbody', {}, ...rows.map(([name, value]) => row(name, value))),
  );
}

export function loading(t: Translate): HTMLElement {
  return h('p', { class: 'state', role: 'status' }, h('span', { class: 'spinner' }), t('app.loading'));
}

export function empty(message: string): HTMLElement {
  return h('p', { class: 'state' }, message);
}

export function failure(t: Translate, title: string, error: unknown, retry: () => void): HTMLElement {
  const reason = error instanceof Error ? error.message : String(error);
  return h(
    'div',
    { class: 'state failure', role: 'alert' },
    h('strong', {}, title),
    h('p', {}, reason),
    h('button', { type: 'button', class: 'button', onclick: retry }, t('app.retry')),
  );
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Name of a line as people say it: number and name, or its identity where it has neither. */
export function lineTitle(line: { ref: string | null; name: string | null; line_id: string }): string {
  const parts = [line.ref, line.name].filter((part, i, all) => part && all.indexOf(part) === i);
  return parts.join(' ') || line.line_id;
}

/** Which way a course is travelled; null where it is both, or not known. */
export function directionOf(t: Translate, oneway: number | null): string | null {
  return oneway === null ? null : t(oneway > 0 ? 'oneway.with' : 'oneway.against');
}
