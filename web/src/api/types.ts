/** What the service answers: the shapes of /api and of the tiles' features. */

import type { Geometry } from 'geojson';

export const VERDICTS = ['covered', 'weak', 'none', 'unmeasured'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface BuildInfo {
  id: string;
  created: string | null;
  name: string;
  simulated: boolean;
  attribution: string;
  rules: { id: string; title: string; title_zh: string; version: string };
  datum: string;
  bounds: [number, number, number, number] | null;
  layers: { operator: string; technology: string; name: string }[];
  operators: OperatorInfo[];
  technologies: string[];
  /** How well blocks that were held out were foretold; none before `covermap evaluate`. */
  scores: Score[];
  tables: Record<string, number>;
  map: {
    center: [number, number] | null;
    zoom: number | null;
    basemap: string | null;
    basemap_attribution: string;
  };
}

export interface Score {
  operator: string;
  technology: string;
  block_m: number;
  n: number;
  rmse_db: number;
  bias_db: number;
  /** Share of places inside their 90 % interval. */
  inside_90: number;
  brier: number;
  weak: number;
  weak_recall: number | null;
  weak_precision: number | null;
}

export interface OperatorInfo {
  id: string;
  name: string;
  name_zh: string | null;
  color: string | null;
}

/** What is known of one place in one layer. */
export interface Judged {
  operator: string;
  technology: string;
  verdict: Verdict;
  probability: number | null;
  basis: 'measured' | 'predicted' | 'both' | null;
  n: number;
  n_none: number;
  rsrp_mean_dbm: number | null;
  rsrp_p5_dbm: number | null;
  rsrp_p50_dbm: number | null;
  sinr_mean_db: number | null;
  share: number | null;
  last_period?: string | null;
}

export interface PointAnswer {
  lon: number;
  lat: number;
  cell: string | null;
  simulated: boolean;
  layers: Judged[];
  lines: {
    line_id: string;
    name: string | null;
    ref: string | null;
    class: string;
    segment: number;
    from_m: number;
    to_m: number;
    distance_m: number;
    layers: Judged[];
  }[];
}

export interface Page<T> {
  total: number;
  limit: number;
  offset: number;
  items: T[];
}

export type Answer = 'pass' | 'fail' | 'undetermined';

export interface LineVerdict {
  line_id: string;
  name: string | null;
  ref: string | null;
  class: string;
  operator: string;
  technology: string;
  length_km: number;
  covered_km: number;
  weak_km: number;
  none_km: number;
  unmeasured_km: number;
  route_length_km: number;
  longest_gap_km: number;
  assessed_km: number | null;
  covered_share: number | null;
  share_if_rest_bad: number;
  share_if_rest_good: number;
  share_expected: number | null;
  share_low: number | null;
  share_high: number | null;
  p_pass: number | null;
  answer: Answer;
  /** Travel: 1 with the chainage only, -1 against it; null: both, or not known. */
  oneway: number | null;
  simulated: boolean;
}

/** One segment in the profile of a line. */
export interface Piece {
  segment: number;
  from_m: number;
  to_m: number;
  /** Chainage of `from_m` as people write it: of the official count where there is one. */
  chainage: string;
  tunnel: boolean | null;
  verdict: Verdict;
  /** That the persistent level meets the standard, 0-1. */
  probability: number | null;
  n: number;
  runs: number;
  rsrp_mean_dbm: number | null;
  rsrp_p5_dbm: number | null;
  /** The middle of the segment. */
  lon: number;
  lat: number;
}

export interface Section {
  kind: string;
  name: string;
  from_m: number;
  to_m: number;
  answer: Answer | null;
  share_low: number | null;
  share_high: number | null;
}

export interface Structure {
  kind: string;
  name: string | null;
  from_m: number;
  to_m: number;
}

/** What lies along a line in one layer. */
export interface Profile {
  line_id: string;
  title: string;
  length_m: number;
  /** Travel: 1 with the chainage only, -1 against it; null: both, or not known. */
  oneway: number | null;
  from_m: number;
  to_m: number;
  threshold_dbm: number | null;
  official: boolean;
  pieces: Piece[];
  sections: Section[];
  stations: { name: string; chainage_m: number; text: string }[];
  structures: Structure[];
  ticks: { chainage_m: number; text: string }[];
}

/** Further runs that would narrow the interval of an undetermined line. */
export interface Settling {
  rank: number;
  action: string;
  from: string;
  to: string;
  runs: number;
  width_now: number;
  width_then: number;
  p_settled: number;
}

export interface LineDetail {
  line: {
    line_id: string;
    name: string | null;
    ref: string | null;
    class: string;
    length_m: number;
    bbox?: [number, number, number, number] | null;
    simulated: boolean;
  };
  /** Of every layer. */
  verdicts: LineVerdict[];
  settling: Settling[];
}

export interface WeakSpot {
  spot_id: string;
  kind: 'section' | 'area';
  operator: string;
  technology: string;
  line_id: string | null;
  line_name: string | null;
  line_class: string | null;
  from_m: number | null;
  to_m: number | null;
  /** The same as people write it: of the official count where there is one. */
  from: string | null;
  to: string | null;
  length_m: number | null;
  area_m2: number | null;
  pieces: number;
  n: number;
  n_none: number;
  rsrp_mean_dbm: number | null;
  rsrp_p5_dbm: number | null;
  sinr_mean_db: number | null;
  probability_weak: number;
  /** lasting, unsure or passing: whether it is there to stay. */
  outlook: string;
  /** Fewest runs behind a piece; null: an area, or several operators together. */
  runs: number | null;
  cause: string;
  nearest_site_m: number | null;
  nearest_site: string | null;
  lon: number;
  lat: number;
  /** Only of a spot that was asked for by its identity. */
  geometry?: Geometry;
  /** Only in a published map: west, south, east, north. */
  bbox?: [number, number, number, number];
  simulated: boolean;
}
