/** The hatch of what is not measured, as an SVG pattern. */

import { svg } from './dom';

export const swatchHatchId = 'hatch-unmeasured';

export function hatchPattern(): SVGElement {
  return svg(
    'defs',
    {},
    svg(
      'pattern',
      { id: swatchHatchId, width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
      svg('rect', { width: 5, height: 5, fill: '#e3e7ea' }),
      svg('rect', { width: 1.6, height: 5, fill: '#8a939b' }),
    ),
  );
}
