import { describe, expect, it } from 'vitest';
import { Store, type State } from '../src/state';

const start: State = {
  camera: null,
  operator: 'any',
  technology: 'any',
  overlays: ['cells'],
  metric: 'verdict',
  forecast: 'p',
  selection: null,
  tab: 'layers',
  open: true,
  language: 'en',
};

describe('the store', () => {
  it('tells of a change once, with what was before', () => {
    const store = new Store(start);
    const heard: [string, string][] = [];
    store.subscribe((now, before) => heard.push([before.metric, now.metric]));
    store.update({ metric: 'rsrp' });
    store.update({ metric: 'rsrp' });
    expect(heard).toEqual([['verdict', 'rsrp']]);
  });

  it('says nothing when an equal value is set', () => {
    const store = new Store(start);
    store.subscribe(() => expect.fail('nothing has changed'));
    store.update({ overlays: ['cells'] });
  });

  it('lets every listener hear changes in their order, though one of them makes another', () => {
    const store = new Store(start);
    const heard: string[] = [];
    store.subscribe(({ selection, open }) => {
      if (selection && open) store.update({ open: false });
    });
    store.subscribe(({ selection, open }) => heard.push(`${selection?.id ?? ''} ${open}`));
    store.update({ selection: { kind: 'spot', id: 'a' } });
    expect(heard).toEqual(['a true', 'a false']);
    expect(store.state.open).toBe(false);
  });
});
