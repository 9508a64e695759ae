import { describe, expect, it } from 'vitest';
import type { BuildInfo } from '../src/api/types';
import { allowed, byLayer, defaultState, fitTechnology, operatorsOf, technologiesOf } from '../src/choices';

const build = {
  operators: ['any', 'all', '46000', '46001'].map((id) => ({ id, name: id, name_zh: null, color: null })),
  technologies: ['lte', 'nr'],
  tables: { cell_verdicts: 10, cell_prediction: 10 },
  layers: [
    ['any', 'nr'], ['any', 'lte'], ['any', 'any'], ['46000', 'any'], ['46000', 'nr'], ['46001', 'lte'],
  ].map(([operator = '', technology = '']) => ({ operator, technology, name: '' })),
} as unknown as BuildInfo;

describe('what can be chosen', () => {
  it('is what the build has, in its order, with "any" first', () => {
    expect(technologiesOf(build, 'any')).toEqual(['any', 'lte', 'nr']);
    expect(technologiesOf(build, '46001')).toEqual(['lte']);
    expect(operatorsOf(build)).toEqual(['any', '46000', '46001']);
  });

  it('falls back to a technology that the operator has', () => {
    expect(fitTechnology(build, '46000', 'nr')).toBe('nr');
    expect(fitTechnology(build, '46000', 'lte')).toBe('any');
    expect(fitTechnology(build, '46001', 'nr')).toBe('lte');
  });

  it('starts with any operator and any technology', () => {
    const state = defaultState(build, 'en', true);
    expect([state.operator, state.technology]).toEqual(['any', 'any']);
  });

  it('starts with what is measured, and with predictions only where nothing is', () => {
    const shows = (tables: Record<string, number>) =>
      defaultState({ ...build, tables }, 'en', true).overlays.includes('predicted');
    expect(shows({ cell_verdicts: 10, cell_prediction: 10 })).toBe(false);
    expect(shows({ cell_verdicts: 0, cell_prediction: 10 })).toBe(true);
    expect(shows({ cell_verdicts: 0 })).toBe(false);
  });

  it('lists what is said of layers in the order of the build', () => {
    const said = [['46001', 'lte'], ['any', 'any'], ['any', 'nr']].map(([operator = '', technology = '']) => ({
      operator,
      technology,
    }));
    expect(byLayer(build, said).map(({ technology }) => technology)).toEqual(['nr', 'any', 'lte']);
  });

  it('holds an address to what there is', () => {
    const state = defaultState(build, 'en', true);
    expect(allowed(build, { operator: '46000', technology: 'nr' }, state)).toMatchObject({
      operator: '46000',
      technology: 'nr',
    });
    expect(allowed(build, { operator: '../../etc', technology: 'x' }, state)).toMatchObject({
      operator: 'any',
      technology: 'any',
    });
  });
});
