/** Texts in the reader's language. */

import type { BuildInfo } from '../api/types';
import type { Language } from '../state';
import { en, type MessageKey, type Messages } from './en';
import { zh } from './zh';

export type { MessageKey };
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string;

export const MESSAGES: Record<Language, Messages> = { zh, en };

export function translator(language: Language): Translate {
  const messages = MESSAGES[language];
  return (key, values = {}) =>
    messages[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Text of a value that comes from data (`class.hsr`); the value itself where there is none. */
export function named(t: Translate, group: string, value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  const key = `${group}.${value}`;
  return isKey(key) ? t(key) : value;
}

function isKey(key: string): key is MessageKey {
  return Object.hasOwn(en, key);
}

export function operatorName(build: BuildInfo, id: string, language: Language): string {
  const t = translator(language);
  if (id === 'any' || id === 'all') return t(`operator.${id}`);
  const operator = build.operators.find((candidate) => candidate.id === id);
  if (!operator) return id;
  return (language === 'zh' ? operator.name_zh : null) ?? operator.name;
}

export function layerTitle(
  build: BuildInfo,
  operator: string,
  technology: string,
  language: Language,
): string {
  const name = operatorName(build, operator, language);
  return `${name} · ${named(translator(language), 'technology', technology)}`;
}

/** The reader's language as the browser tells it: Chinese or, for all others, English. */
export function preferred(languages: readonly string[]): Language {
  const first = languages.find((tag) => /^(zh|en)\b/i.test(tag));
  return first?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
