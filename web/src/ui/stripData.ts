/** What a strip chart shows of a line: pure, from the pieces of its profile. */

import type { Piece, Profile, Verdict } from '../api/types';
import { MEASURED } from '../layers/scale';
import { chainage } from '../text/format';

export interface Stretch {
  from_m: number;
  to_m: number;
  verdict: Verdict;
}

/** Neighbouring pieces of one verdict joined; a hole between pieces stays a hole. */
export function stretches(pieces: readonly Piece[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const { from_m, to_m, verdict } of inOrder(pieces)) {
    const last = joined.at(-1);
    if (last?.verdict === verdict && Math.abs(last.to_m - from_m) < 1) last.to_m = to_m;
    else joined.push({ from_m, to_m, verdict });
  }
  return joined;
}

const WORSE: readonly Verdict[] = ['unmeasured', ...MEASURED];

/** The worse last, so that a short weak stretch is painted over its neighbours and is seen. */
export function worseLast(found: readonly Stretch[]): Stretch[] {
  return [...found].sort((a, b) => WORSE.indexOf(a.verdict) - WORSE.indexOf(b.verdict));
}

export interface Column {
  /** Middle of the column, m. */
  at_m: number;
  /** Mean level, dBm. */
  level: number | null;
  /** 5th percentile of the samples, dBm. */
  low: number | null;
  /** Probability that the persistent level meets the standard, 0-1. */
  p: number | null;
}

/**
 * Equal columns along a line, each piece weighed by its length in the column.
 *
 * Means are of dBm figures (in dB), as the pieces' own means are. A column in which nothing was
 * measured has none: the chart shows a gap there.
 */
export function columns(pieces: readonly Piece[], from_m: number, to_m: number, count: number): Column[] {
  const width = (to_m - from_m) / count;
  const mean = (value: (piece: Piece) => number | null) => averages(pieces, value, from_m, width, count);
  const level = mean((piece) => piece.rsrp_mean_dbm);
  const low = mean((piece) => piece.rsrp_p5_dbm);
  const p = mean((piece) => piece.probability);
  return level.map((value, i) => ({
    at_m: from_m + (i + 0.5) * width,
    level: value,
    low: low[i] ?? null,
    p: p[i] ?? null,
  }));
}

function averages(
  pieces: readonly Piece[],
  value: (piece: Piece) => number | null,
  start_m: number,
  width: number,
  count: number,
): (number | null)[] {
  const sums = new Float64Array(count);
  const weights = new Float64Array(count);
  for (const piece of pieces) {
    const figure = value(piece);
    if (figure === null) continue;
    const [from, to] = [piece.from_m - start_m, piece.to_m - start_m];
    const first = Math.max(0, Math.floor(from / width));
    const last = Math.min(count - 1, Math.ceil(to / width) - 1);
    for (let i = first; i <= last; i++) {
      const overlap = Math.min(to, (i + 1) * width) - Math.max(from, i * width);
      if (overlap <= 0) continue;
      sums[i] = (sums[i] ?? 0) + overlap * figure;
      weights[i] = (weights[i] ?? 0) + overlap;
    }
  }
  return Array.from(sums, (sum, i) => ((weights[i] ?? 0) > 0 ? sum / (weights[i] ?? 1) : null));
}

/** Runs of columns of which something is known: each becomes one stroke or area. */
export function runs(found: readonly Column[], isKnown: (column: Column) => boolean): Column[][] {
  const made: Column[][] = [];
  let open = false;
  for (const column of found) {
    const known = isKnown(column);
    if (known && !open) made.push([]);
    if (known) made.at(-1)?.push(column);
    open = known;
  }
  return made;
}

export function pieceAt(pieces: readonly Piece[], at_m: number): Piece | null {
  return pieces.find(({ from_m, to_m }) => from_m <= at_m && at_m < to_m) ?? null;
}

/** A place as people write it; of the official count to the piece that holds it. */
export function placeText({ official, pieces }: Profile, at_m: number): string {
  if (!official) return chainage(at_m);
  return (pieceAt(pieces, at_m) ?? pieces.at(-1))?.chainage ?? chainage(at_m);
}

/** Labels that do not touch: those that come first along the line stay. */
export function roomy<T>(labels: readonly T[], middle: (label: T) => number, width: (label: T) => number): T[] {
  let end = -Infinity;
  return labels.filter((label) => {
    const half = width(label) / 2;
    if (middle(label) - half < end) return false;
    end = middle(label) + half;
    return true;
  });
}

function inOrder(pieces: readonly Piece[]): Piece[] {
  return [...pieces].sort((a, b) => a.from_m - b.from_m);
}
