import { describe, expect, it } from 'vitest';
import { graticule, stepFor } from '../src/map/graticule';

const labels = (west: number, south: number, east: number, north: number) =>
  graticule({ west, south, east, north }).features.map(({ properties }) => properties.label);

describe('the graticule', () => {
  it('puts lines at round degrees, named with their hemisphere', () => {
    expect(labels(119.6, 30.9, 122.1, 31.9)).toEqual([
      '120.0°E', '120.5°E', '121.0°E', '121.5°E', '122.0°E', '31.0°N', '31.5°N',
    ]);
    expect(labels(-1.2, -0.6, 0.3, 0.1)).toContain('1.0°W');
    expect(labels(-1.2, -0.6, 0.3, 0.1)).toContain('0.4°S');
  });

  it.each([360, 40, 3, 0.2, 0.004])('never draws more than ten lines across %d degrees', (span) => {
    const extent = { west: 0.0001, south: 0.0001, east: span, north: Math.min(span, 80) };
    expect(span / stepFor(extent)).toBeLessThanOrEqual(12);
    const { features } = graticule(extent);
    expect(features.length).toBeGreaterThan(0);
    expect(features.length).toBeLessThanOrEqual(24);
  });

  it('goes on past the antimeridian', () => {
    expect(labels(178.5, 0.2, 181.5, 0.9)).toContain('179.5°W');
  });
});
