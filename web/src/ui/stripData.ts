/** What a strip chart shows of a line: pure, from the line's segments. */

import type { LineSegment, Verdict } from '../api/types';

export interface Stretch {
  from_m: number;
  to_m: number;
  verdict: Verdict;
}

/** Neighbouring segments of one verdict joined; a hole between segments stays a hole. */
export function stretches(segments: readonly LineSegment[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const { from_m, to_m, verdict } of inOrder(segments)) {
    const last = joined.at(-1);
    if (last?.verdict === verdict && Math.abs(last.to_m - from_m) < 1) last.to_m = to_m;
    else joined.push({ from_m, to_m, verdict });
  }
  return joined;
}

export interface Level {
  /** Middle of the column, m. */
  at_m: number;
  rsrp_dbm: number | null;
}

/**
 * Mean level in equal columns along a line, each segment weighed by its length in the column.
 *
 * The mean is of dBm figures (in dB), as the segments' own means are. A column in which nothing was
 * measured has none: the chart shows a gap there.
 */
export function levels(segments: readonly LineSegment[], length_m: number, columns: number): Level[] {
  const width = length_m / columns;
  const sums = new Float64Array(columns);
  const weights = new Float64Array(columns);
  for (const { from_m, to_m, rsrp_mean_dbm } of segments) {
    if (rsrp_mean_dbm === null) continue;
    const first = Math.max(0, Math.floor(from_m / width));
    const last = Math.min(columns - 1, Math.ceil(to_m / width) - 1);
    for (let i = first; i <= last; i++) {
      const overlap = Math.min(to_m, (i + 1) * width) - Math.max(from_m, i * width);
      if (overlap <= 0) continue;
      sums[i] = (sums[i] ?? 0) + overlap * rsrp_mean_dbm;
      weights[i] = (weights[i] ?? 0) + overlap;
    }
  }
  return Array.from(sums, (sum, i) => {
    const weight = weights[i] ?? 0;
    return { at_m: (i + 0.5) * width, rsrp_dbm: weight > 0 ? sum / weight : null };
  });
}

/** Runs of columns that have a level: each becomes one stroke. */
export function strokes(columns: readonly Level[]): { at_m: number; rsrp_dbm: number }[][] {
  const found: { at_m: number; rsrp_dbm: number }[][] = [];
  let open = false;
  for (const { at_m, rsrp_dbm } of columns) {
    if (rsrp_dbm === null) {
      open = false;
      continue;
    }
    if (!open) found.push([]);
    open = true;
    found.at(-1)?.push({ at_m, rsrp_dbm });
  }
  return found;
}

export function segmentAt(segments: readonly LineSegment[], at_m: number): LineSegment | null {
  return segments.find(({ from_m, to_m }) => from_m <= at_m && at_m < to_m) ?? null;
}

/** Round figures from 0 to a length, at most `most` of them beside 0. */
export function ticks(length_m: number, most = 5): number[] {
  const rough = length_m / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => length_m / size <= most) ?? rough;
  return Array.from({ length: Math.floor(length_m / step + 1e-9) + 1 }, (_, i) => i * step);
}

function inOrder(segments: readonly LineSegment[]): LineSegment[] {
  return [...segments].sort((a, b) => a.from_m - b.from_m);
}
