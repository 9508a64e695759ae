/**
 * The colours stay apart for readers who see colours differently.
 *
 * Colour vision: Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB. Differences:
 * CIE 1976, D65; from about 10 on two colours side by side are told apart at a glance.
 */

import { describe, expect, it } from 'vitest';
import { ANSWER_COLORS, ANSWERS, MEASURED, SCALES, VERDICT_COLORS } from '../src/layers/scale';

type Triple = [number, number, number];

const VISIONS: Record<string, [Triple, Triple, Triple]> = {
  common: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const XYZ: [Triple, Triple, Triple] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE: Triple = [0.95047, 1, 1.08883];

function times(matrix: [Triple, Triple, Triple], v: Triple): Triple {
  return matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Triple;
}

function linear(hex: string): Triple {
  return [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

function lab(hex: string, vision: [Triple, Triple, Triple]): Triple {
  const seen = times(vision, linear(hex)).map((part) => Math.min(1, Math.max(0, part))) as Triple;
  const [x, y, z] = times(XYZ, seen).map((part, i) => {
    const ratio = part / (WHITE[i] ?? 1);
    return ratio > 216 / 24389 ? Math.cbrt(ratio) : (841 / 108) * ratio + 4 / 29;
  }) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function difference(a: string, b: string, vision: [Triple, Triple, Triple]): number {
  const [one, two] = [lab(a, vision), lab(b, vision)];
  return Math.hypot(one[0] - two[0], one[1] - two[1], one[2] - two[2]);
}

describe.each(Object.entries(VISIONS))('with %s vision', (_, vision) => {
  it('white and black are 100 apart, as a check of the formula', () => {
    expect(difference('#ffffff', '#000000', vision)).toBeCloseTo(100, 0);
  });

  it('verdicts are told apart', () => {
    for (const a of MEASURED) {
      for (const b of MEASURED.filter((verdict) => verdict !== a)) {
        expect(difference(VERDICT_COLORS[a], VERDICT_COLORS[b], vision), `${a} ${b}`).toBeGreaterThan(30);
      }
    }
  });

  it('answers of lines are told apart', () => {
    for (const a of ANSWERS) {
      for (const b of ANSWERS.filter((answer) => answer !== a)) {
        expect(difference(ANSWER_COLORS[a], ANSWER_COLORS[b], vision), `${a} ${b}`).toBeGreaterThan(30);
      }
    }
  });

  it.each(Object.entries(SCALES))('every two colours of %s are told apart', (_name, { colors }) => {
    colors.forEach((a, i) => {
      for (const b of colors.slice(i + 1)) {
        expect(difference(a, b, vision), `${a} ${b}`).toBeGreaterThan(10);
      }
    });
  });
});
