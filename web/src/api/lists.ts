/** Lists of a published map: filtered, ordered and paged as the service does it. */

import type { Query } from './client';
import type { LineVerdict, Page, WeakSpot } from './types';

export function linesPage(all: readonly LineVerdict[], query: Query): Page<LineVerdict> {
  const asked = text(query.q).toLowerCase();
  const found = all.filter(
    (line) =>
      fits(query.class, line.class) &&
      [line.name, line.ref, line.line_id].some((said) => said?.toLowerCase().includes(asked)),
  );
  return page(found, query);
}

const ORDERS: Record<string, (spot: WeakSpot) => number | null> = {
  length: (spot) => spot.length_m,
  area: (spot) => spot.area_m2,
  rsrp: (spot) => spot.rsrp_mean_dbm,
  probability: (spot) => spot.probability_weak,
};

export function spotsPage(all: readonly WeakSpot[], query: Query): Page<WeakSpot> {
  const found = all.filter(
    (spot) =>
      fits(query.kind, spot.kind) &&
      fits(query.cause, spot.cause) &&
      fits(query.outlook, spot.outlook) &&
      fits(query.line_id, spot.line_id),
  );
  return page(ordered(found, text(query.order) || '-length'), query);
}

/** By one figure; a minus before its name: downwards. Missing figures come last, ties by identity. */
function ordered(spots: WeakSpot[], order: string): WeakSpot[] {
  const value = ORDERS[order.replace('-', '')];
  if (!value) return spots;
  const sign = order.startsWith('-') ? -1 : 1;
  return spots.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left !== right) {
      if (left === null) return 1;
      if (right === null) return -1;
      return sign * (left - right);
    }
    return a.spot_id < b.spot_id ? -1 : 1;
  });
}

function page<T>(found: T[], query: Query): Page<T> {
  const [limit, offset] = [Number(query.limit ?? 100), Number(query.offset ?? 0)];
  return { total: found.length, limit, offset, items: found.slice(offset, offset + limit) };
}

function fits(asked: Query[string], value: string | null): boolean {
  return text(asked) === '' || asked === value;
}

function text(asked: Query[string]): string {
  return asked === null || asked === undefined ? '' : String(asked);
}
