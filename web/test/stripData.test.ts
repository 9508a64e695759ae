import { describe, expect, it } from 'vitest';
import type { LineSegment, Verdict } from '../src/api/types';
import { levels, segmentAt, stretches, strokes, ticks } from '../src/ui/stripData';

function segment(from_m: number, to_m: number, verdict: Verdict, rsrp_mean_dbm: number | null): LineSegment {
  return { segment: from_m / 100, from_m, to_m, verdict, probability: null, rsrp_mean_dbm, n: 1 };
}

const line = [
  segment(0, 100, 'covered', -90),
  segment(100, 200, 'covered', -94),
  segment(200, 300, 'weak', -112),
  segment(300, 400, 'unmeasured', null),
  segment(400, 450, 'covered', -80),
];

describe('the strip of a line', () => {
  it('joins neighbours of one verdict and keeps every metre', () => {
    const joined = stretches(line);
    expect(joined.map(({ verdict }) => verdict)).toEqual(['covered', 'weak', 'unmeasured', 'covered']);
    expect(joined.reduce((sum, { from_m, to_m }) => sum + to_m - from_m, 0)).toBe(450);
  });

  it('does not depend on the order of the segments', () => {
    expect(stretches([...line].reverse())).toEqual(stretches(line));
  });

  it('leaves a hole where a segment is missing', () => {
    const [first, second] = stretches([line[0], line[4]].filter((s) => s !== undefined));
    expect(first?.to_m).toBe(100);
    expect(second?.from_m).toBe(400);
  });

  it('weighs levels by length and has none where nothing was measured', () => {
    const columns = levels(line, 450, 3);
    expect(columns[0]?.rsrp_dbm).toBeCloseTo((100 * -90 + 50 * -94) / 150);
    expect(columns[2]?.rsrp_dbm).toBe(-80);
    expect(levels(line, 450, 9)[6]?.rsrp_dbm).toBeNull();
  });

  it('breaks the stroke at a gap', () => {
    expect(strokes(levels(line, 450, 9)).map((points) => points.length)).toEqual([6, 1]);
  });

  it('finds the segment at a chainage, the end belonging to the next', () => {
    expect(segmentAt(line, 199.9)?.from_m).toBe(100);
    expect(segmentAt(line, 200)?.from_m).toBe(200);
    expect(segmentAt(line, 450)).toBeNull();
  });

  it.each([95, 450, 1000, 119_000, 1_318_000])('has few and round ticks for %d m', (length_m) => {
    const found = ticks(length_m);
    expect(found[0]).toBe(0);
    expect(found.length).toBeGreaterThan(2);
    expect(found.length).toBeLessThanOrEqual(6);
    expect(found.at(-1)).toBeLessThanOrEqual(length_m);
  });
});
