import { describe, expect, it } from 'vitest';
import type { Piece, Profile, Verdict } from '../src/api/types';
import { columns, pieceAt, placeText, roomy, runs, stretches, worseLast } from '../src/ui/stripData';

function piece(from_m: number, to_m: number, verdict: Verdict, rsrp_mean_dbm: number | null): Piece {
  return {
    segment: from_m / 100, from_m, to_m, chainage: `K${100 + from_m / 1000}`, tunnel: null, verdict,
    probability: rsrp_mean_dbm === null ? null : (rsrp_mean_dbm + 120) / 40, n: 1, runs: 1, rsrp_mean_dbm,
    rsrp_p5_dbm: rsrp_mean_dbm === null ? null : rsrp_mean_dbm - 5, lon: 121, lat: 31,
  };
}

const line = [
  piece(0, 100, 'covered', -90),
  piece(100, 200, 'covered', -94),
  piece(200, 300, 'weak', -112),
  piece(300, 400, 'unmeasured', null),
  piece(400, 450, 'covered', -80),
];

describe('the strip of a line', () => {
  it('joins neighbours of one verdict and keeps every metre', () => {
    const joined = stretches(line);
    expect(joined.map(({ verdict }) => verdict)).toEqual(['covered', 'weak', 'unmeasured', 'covered']);
    expect(joined.reduce((sum, { from_m, to_m }) => sum + to_m - from_m, 0)).toBe(450);
  });

  it('does not depend on the order of the pieces', () => {
    expect(stretches([...line].reverse())).toEqual(stretches(line));
  });

  it('leaves a hole where a piece is missing', () => {
    const [first, second] = stretches([line[0], line[4]].filter((s) => s !== undefined));
    expect(first?.to_m).toBe(100);
    expect(second?.from_m).toBe(400);
  });

  it('paints what is worse over what is better, and all of it over what is not measured', () => {
    const painted = worseLast(stretches(line)).map(({ verdict }) => verdict);
    expect(painted).toEqual(['unmeasured', 'covered', 'covered', 'weak']);
  });

  it('weighs figures by length and has none where nothing was measured', () => {
    const found = columns(line, 0, 450, 3);
    expect(found[0]?.level).toBeCloseTo((100 * -90 + 50 * -94) / 150);
    expect(found[0]?.low).toBeCloseTo((100 * -95 + 50 * -99) / 150);
    expect(found[2]).toMatchObject({ level: -80, p: 1 });
    expect(columns(line, 0, 450, 9)[6]).toMatchObject({ level: null, low: null, p: null });
  });

  it('can show a part of a line, whose ends lie inside pieces', () => {
    const found = columns(line, 50, 250, 2);
    expect(found.map(({ at_m }) => at_m)).toEqual([100, 200]);
    expect(found[0]?.level).toBeCloseTo((50 * -90 + 50 * -94) / 100);
    expect(found[1]?.level).toBeCloseTo((50 * -94 + 50 * -112) / 100);
  });

  it('breaks the stroke at a gap', () => {
    const found = runs(columns(line, 0, 450, 9), ({ level }) => level !== null);
    expect(found.map((points) => points.length)).toEqual([6, 1]);
  });

  it('finds the piece at a chainage, the end belonging to the next', () => {
    expect(pieceAt(line, 199.9)?.from_m).toBe(100);
    expect(pieceAt(line, 200)?.from_m).toBe(200);
    expect(pieceAt(line, 450)).toBeNull();
  });

  it('writes a place officially where the count is known, else in metres from the start', () => {
    const official = { official: true, pieces: line } as unknown as Profile;
    expect(placeText(official, 230)).toBe('K100.2');
    expect(placeText(official, 450)).toBe('K100.4');
    expect(placeText({ ...official, official: false }, 230)).toBe('K0+230');
  });

  it('keeps the labels that do not touch', () => {
    expect(roomy([0, 5, 10, 11, 30], (at) => at, () => 8)).toEqual([0, 10, 30]);
  });
});
