/** Lines of longitude and latitude: what gives a map without a base map its bearings. */

import type { Feature, FeatureCollection, LineString } from 'geojson';

export interface Extent {
  west: number;
  south: number;
  east: number;
  north: number;
}

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** The finest step, degrees, that puts at most `most` lines across the extent. */
export function stepFor(extent: Extent, most = 8): number {
  const span = Math.max(extent.east - extent.west, extent.north - extent.south);
  return STEPS.findLast((step) => span / step <= most) ?? 30;
}

export function graticule(extent: Extent): FeatureCollection<LineString, { label: string }> {
  const step = stepFor(extent);
  const south = Math.max(extent.south, -85);
  const north = Math.min(extent.north, 85);
  const meridians = multiples(extent.west, extent.east, step).map((lon) =>
    line([[lon, south], [lon, north]], degrees(lon, step, 'E', 'W')),
  );
  const parallels = multiples(south, north, step).map((lat) =>
    line([[extent.west, lat], [extent.east, lat]], degrees(lat, step, 'N', 'S')),
  );
  return { type: 'FeatureCollection', features: [...meridians, ...parallels] };
}

/** Multiples of a step between two values, without the drift of adding it up. */
function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** `121.5°E`, with as many digits as the step has. */
function degrees(value: number, step: number, positive: string, negative: string): string {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const wrapped = ((((value + 180) % 360) + 360) % 360) - 180;
  const shown = positive === 'E' ? wrapped : value;
  const side = shown < 0 ? negative : positive;
  return `${Math.abs(shown).toFixed(digits)}°${side}`;
}

function line(coordinates: [number, number][], label: string): Feature<LineString, { label: string }> {
  return { type: 'Feature', properties: { label }, geometry: { type: 'LineString', coordinates } };
}
