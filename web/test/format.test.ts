import { describe, expect, it } from 'vitest';
import { area, chainage, chainageRange, DASH, dbm, fixed, km, length, percent } from '../src/text/format';

describe('figures', () => {
  it('shows a dash for what is missing, never a zero', () => {
    for (const show of [dbm, km, length, area, percent, chainage]) {
      expect(show(null)).toBe(DASH);
      expect(show(undefined)).toBe(DASH);
    }
    expect(fixed(Number.NaN, 1)).toBe(DASH);
    expect(dbm(0)).toBe('0.0 dBm');
  });

  it('writes a minus sign, not a hyphen', () => {
    expect(dbm(-105.25)).toBe('−105.3 dBm');
  });

  it('never rounds an unsure figure to certainty', () => {
    expect(percent(0.9996)).toBe('>99.9 %');
    expect(percent(0.0004)).toBe('<0.1 %');
    expect(percent(1)).toBe('100.0 %');
    expect(percent(0)).toBe('0.0 %');
    expect(percent(0.95)).toBe('95.0 %');
  });

  it('writes chainage as on the posts, carrying over a rounded kilometre', () => {
    expect(chainage(0)).toBe('K0+000');
    expect(chainage(12345)).toBe('K12+345');
    expect(chainage(1999.7)).toBe('K2+000');
    expect(chainageRange(300, 1200)).toBe('K0+300 – K1+200');
  });

  it('changes the unit where the figure would be hard to read', () => {
    expect(length(999)).toBe('999 m');
    expect(length(1500)).toBe('1.50 km');
    expect(area(15_000)).toBe('15,000 m²');
    expect(area(3_400_000)).toBe('3.40 km²');
    expect(km(99.94)).toBe('99.9 km');
    expect(km(1234)).toBe('1,234 km');
  });
});
