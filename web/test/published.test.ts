import { afterEach, describe, expect, it, vi } from 'vitest';
import { linesPage, spotsPage } from '../src/api/lists';
import { RangeSource } from '../src/api/ranges';
import type { LineVerdict, WeakSpot } from '../src/api/types';

const line = (line_id: string, name: string | null, ref: string | null, kind: string) =>
  ({ line_id, name, ref, class: kind }) as LineVerdict;
const LINES = [
  line('a', 'Jinghu', 'G2', 'motorway'),
  line('b', 'Line 1', null, 'metro'),
  line('c-g2', null, null, 'rail'),
];

const spot = (spot_id: string, length_m: number | null, rest: Partial<WeakSpot> = {}) =>
  ({ spot_id, length_m, kind: 'section', cause: 'no_service', outlook: 'lasting', ...rest }) as WeakSpot;
const SPOTS = [spot('s3', 5), spot('s1', null), spot('s2', 9), spot('s4', 9, { line_id: 'a' })];
const ids = (spots: WeakSpot[]) => spots.map((found) => found.spot_id);

describe('lists of a published map', () => {
  it('find a text in name, number or identity, whatever its case', () => {
    const found = linesPage(LINES, { q: 'g2' }).items.map(({ line_id }) => line_id);
    expect(found).toEqual(['a', 'c-g2']);
    expect(linesPage(LINES, { class: 'metro' }).total).toBe(1);
  });

  it('are paged, and tell how many there are in all', () => {
    const page = linesPage(LINES, { limit: 2, offset: 2 });
    expect(page.items).toHaveLength(1);
    expect(page).toMatchObject({ total: 3, limit: 2, offset: 2 });
  });

  it('are ordered with missing figures last and ties by identity', () => {
    expect(ids(spotsPage(SPOTS, { order: '-length' }).items)).toEqual(['s2', 's4', 's3', 's1']);
    expect(ids(spotsPage(SPOTS, { order: 'length' }).items)).toEqual(['s3', 's2', 's4', 's1']);
  });

  it('keep what fits every filter, and stay as they are', () => {
    expect(ids(spotsPage(SPOTS, { line_id: 'a', kind: 'section', cause: '' }).items)).toEqual(['s4']);
    expect(ids(SPOTS)).toEqual(['s3', 's1', 's2', 's4']);
  });
});

const FILE = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

function server(answers: (range: string) => Response) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    const range = new Headers(init.headers).get('range') ?? '';
    asked.push(range);
    return Promise.resolve(answers(range));
  });
  return asked;
}

describe('parts of an archive', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('are asked for one by one where the server gives parts', async () => {
    const asked = server(() => new Response(FILE.slice(2, 5), { status: 206 }));
    const source = new RangeSource('x', () => expect.unreachable());
    expect([...new Uint8Array((await source.getBytes(2, 3)).data)]).toEqual([2, 3, 4]);
    await source.getBytes(2, 3);
    expect(asked).toEqual(['bytes=2-4', 'bytes=2-4']);
  });

  it('are cut from the whole, fetched once, where it gives none', async () => {
    const asked = server(() => new Response(FILE, { status: 200 }));
    const told = vi.fn();
    const source = new RangeSource('x', told);
    expect([...new Uint8Array((await source.getBytes(2, 3)).data)]).toEqual([2, 3, 4]);
    expect([...new Uint8Array((await source.getBytes(8, 99)).data)]).toEqual([8, 9]);
    expect(asked).toHaveLength(1);
    expect(told).toHaveBeenCalledOnce();
  });

  it('are asked for again when the whole broke off', async () => {
    let broken = true;
    server(() => {
      if (!broken) return new Response(FILE, { status: 200 });
      const body = new ReadableStream({
        start(control) {
          control.error(new Error('cut'));
        },
      });
      return new Response(body, { status: 200 });
    });
    const source = new RangeSource('x', () => undefined);
    await expect(source.getBytes(0, 1)).rejects.toThrow('cut');
    broken = false;
    expect((await source.getBytes(0, 1)).data.byteLength).toBe(1);
  });

  it('name the file and the status where it is not there', async () => {
    server(() => new Response('', { status: 404, statusText: 'Not Found' }));
    await expect(new RangeSource('tiles/x', () => undefined).getBytes(0, 1)).rejects.toThrow('tiles/x: 404');
  });
});
