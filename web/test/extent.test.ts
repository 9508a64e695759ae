import type { Geometry } from 'geojson';
import { describe, expect, it } from 'vitest';
import { extentOf } from '../src/map/extent';

describe('the extent of a geometry', () => {
  const line = [[121, 31], [121.5, 30.5], [120.8, 31.2]];
  const shapes: Geometry[] = [
    { type: 'LineString', coordinates: line },
    { type: 'MultiLineString', coordinates: [line.slice(0, 2), line.slice(2)] },
    { type: 'Polygon', coordinates: [line] },
    { type: 'MultiPolygon', coordinates: [[line.slice(0, 1)], [line.slice(1)]] },
    { type: 'GeometryCollection', geometries: line.map((coordinates) => ({ type: 'Point', coordinates })) },
  ];
  it.each(shapes)('takes in every position of a $type', (shape) => {
    expect(extentOf(shape)).toEqual([120.8, 30.5, 121.5, 31.2]);
  });

  it('is null where there is no position', () => {
    expect(extentOf({ type: 'MultiLineString', coordinates: [] })).toBeNull();
  });
});
