/** West, south, east and north of a geometry. */

import type { Geometry, Position } from 'geojson';

export type Extent = [number, number, number, number];

/** Null for a geometry without any position. */
export function extentOf(geometry: Geometry): Extent | null {
  const found: Extent = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon = NaN, lat = NaN] of positions(geometry)) {
    found[0] = Math.min(found[0], lon);
    found[1] = Math.min(found[1], lat);
    found[2] = Math.max(found[2], lon);
    found[3] = Math.max(found[3], lat);
  }
  return found.every(Number.isFinite) ? found : null;
}

function positions(geometry: Geometry): Position[] {
  switch (geometry.type) {
    case 'Point':
      return [geometry.coordinates];
    case 'MultiPoint':
    case 'LineString':
      return geometry.coordinates;
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates.flat();
    case 'MultiPolygon':
      return geometry.coordinates.flat(2);
    case 'GeometryCollection':
      return geometry.geometries.flatMap(positions);
  }
}
