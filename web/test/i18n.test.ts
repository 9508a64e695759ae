import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERDICTS } from '../src/api/types';
import { MESSAGES, named, preferred, translator, type MessageKey } from '../src/i18n';
import { METRICS, OVERLAYS, TABS } from '../src/state';

const keys = Object.keys(MESSAGES.en) as MessageKey[];

/** Keys are looked up by what comes from data under these groups. */
const FROM_DATA = ['technology', 'class', 'cause', 'kind', 'basis', 'answer', 'verdict', 'metric', 'forecast', 'operator', 'layer', 'tab', 'structure', 'settle', 'outlook', 'outlookText'];

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
}

function sources(): string {
  const folder = new URL('../src/', import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('i18n/en') && !name.startsWith('i18n/zh'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
}

describe('the two languages', () => {
  it('have the same keys', () => {
    expect(Object.keys(MESSAGES.zh).sort()).toEqual([...keys].sort());
  });

  it.each(keys)('%s is written in both, with the same placeholders', (key) => {
    expect(MESSAGES.en[key].trim()).not.toBe('');
    expect(MESSAGES.zh[key].trim()).not.toBe('');
    expect(placeholders(MESSAGES.zh[key])).toEqual(placeholders(MESSAGES.en[key]));
  });

  it('have no text that nothing shows', () => {
    const code = sources();
    const unused = keys.filter((key) => {
      const [group = ''] = key.split('.');
      return !FROM_DATA.includes(group) && !code.includes(`'${key}'`);
    });
    expect(unused).toEqual([]);
  });

  it('name every verdict, metric, layer and tab', () => {
    const wanted = [
      ...VERDICTS.map((id) => `verdict.${id}`),
      ...METRICS.flatMap((id) => [`metric.${id}`, `metric.short.${id}`]),
      ...OVERLAYS.map((id) => `layer.${id}`),
      ...TABS.map((id) => `tab.${id}`),
    ];
    expect(keys).toEqual(expect.arrayContaining(wanted));
  });
});

describe('a text', () => {
  it('is filled with values as they are, markup and all', () => {
    const t = translator('en');
    expect(t('app.build', { id: '<b>$&</b>' })).toBe('Build <b>$&</b>');
  });

  it('falls back to the value itself where data brings one that nobody has named', () => {
    const t = translator('zh');
    expect(named(t, 'class', 'hsr')).toBe('高速铁路');
    expect(named(t, 'class', 'maglev')).toBe('maglev');
    expect(named(t, 'class', null)).toBe('');
  });
});

describe('the language at the start', () => {
  it.each([
    [['zh-CN', 'en'], 'zh'],
    [['fr', 'zh-TW'], 'zh'],
    [['en-GB', 'zh'], 'en'],
    [['de'], 'en'],
    [[], 'en'],
  ])('for %j is %s', (languages, expected) => {
    expect(preferred(languages)).toBe(expected);
  });
});
