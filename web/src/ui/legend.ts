/** Draws the legend that a layer gives. */

import type { Legend, LegendEntry, Swatch } from '../layers/overlay';
import { h, svg } from './dom';

export function legendList(legend: Legend): HTMLElement {
  const { fading } = legend;
  const unit = legend.unit ? ` (${legend.unit})` : '';
  const title = legend.title === null ? null : h('figcaption', {}, legend.title + unit);
  return h(
    'figure',
    { class: 'legend' },
    title,
    h('ul', {}, ...legend.entries.map(item)),
    fading ? h('figcaption', {}, fading.title) : null,
    fading ? h('ul', { class: 'fading' }, ...fading.entries.map(item)) : null,
  );
}

function item({ swatch, label }: LegendEntry): HTMLElement {
  return h('li', {}, swatchIcon(swatch), h('span', {}, label));
}

export function swatchIcon(swatch: Swatch): SVGElement {
  const icon = svg('svg', { class: 'swatch', viewBox: '0 0 22 14', 'aria-hidden': 'true' });
  icon.append(...shapes(swatch));
  return icon;
}

function shapes(swatch: Swatch): SVGElement[] {
  const line = { x1: 1, y1: 7, x2: 21, y2: 7, 'stroke-width': 5 };
  const rect = { x: 1, y: 1, width: 20, height: 12, rx: 2 };
  switch (swatch.kind) {
    case 'fill':
      return [svg('rect', { ...rect, fill: swatch.color, 'fill-opacity': swatch.opacity })];
    case 'dotted':
      return [
        svg('rect', { ...rect, fill: swatch.color, 'fill-opacity': swatch.opacity }),
        ...[4, 9, 14, 19].flatMap((cx) => [4, 10].map((cy) => svg('circle', { cx, cy, r: 1.1, fill: '#ffffff' }))),
      ];
    case 'hatch':
      return [
        svg('rect', { ...rect, fill: '#e3e7ea', stroke: '#8a939b', 'stroke-width': 0.8 }),
        svg('path', { d: 'M3 13 15 1M-3 13 9 1M9 13 21 1M15 13 21 7', stroke: '#8a939b', 'stroke-width': 1.6 }),
      ];
    case 'line':
      return [svg('line', { ...line, stroke: swatch.color })];
    case 'band':
      return [svg('line', { ...line, stroke: swatch.color, 'stroke-width': 10 })];
    case 'dashed':
      return [svg('line', { ...line, stroke: swatch.color, 'stroke-width': 2.4, 'stroke-dasharray': '4 3' })];
    case 'outline':
      return [svg('rect', { ...rect, fill: swatch.color, 'fill-opacity': 0.16, stroke: swatch.color, 'stroke-width': 2 })];
    case 'dot':
      return [
        svg('circle', { cx: 11, cy: 7, r: 5, fill: swatch.color, stroke: swatch.ring ?? '#ffffff', 'stroke-width': 2 }),
      ];
  }
}
