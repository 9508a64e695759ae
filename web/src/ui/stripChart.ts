/** The strip chart of a line: verdicts and mean RSRP by chainage, with a cursor to read it. */

import type { LineDetail } from '../api/types';
import { named, type Translate } from '../i18n';
import { swatchHatchId, hatchPattern } from './svgHatch';
import { VERDICT_COLORS } from '../layers/scale';
import { chainage, chainageRange, dbm, length } from '../text/format';
import { h, svg } from './dom';
import { lineTitle } from './pieces';
import { levels, segmentAt, stretches, strokes, ticks } from './stripData';

const WIDTH = 372;
const LEFT = 34;
const RIGHT = 6;
const BAR = { top: 4, height: 16 };
const PLOT = { top: 30, bottom: 118 };
const HEIGHT = 140;
const COLUMNS = 300;
const MARKS_DBM = [-120, -105, -90, -75];
const KEYBOARD_STEPS = 60;

export function stripChart(t: Translate, detail: LineDetail, start_m: number | null): HTMLElement {
  const total = detail.line.length_m;
  const x = (at_m: number) => LEFT + (at_m / total) * (WIDTH - LEFT - RIGHT);
  const columns = levels(detail.segments, total, COLUMNS);
  const y = levelAxis(columns.flatMap(({ rsrp_dbm }) => (rsrp_dbm === null ? [] : [rsrp_dbm])));
  const cursor = svg('line', { class: 'cursor', y1: 0, y2: PLOT.bottom, visibility: 'hidden' });
  const label = t('strip.label', { line: lineTitle(detail.line), length: length(total) });
  const chart = svg(
    'svg',
    { class: 'strip', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label, tabindex: 0 },
    hatchPattern(),
    ...structureRects(detail, x),
    ...verdictRects(detail, x),
    ...levelGrid(y),
    ...strokes(columns).map((points) => stroke(points, x, y)),
    ...stationTicks(detail, x),
    ...chainageTicks(total, x),
    cursor,
  );
  const readout = h('p', { class: 'readout', 'aria-live': 'polite' });
  const move = (at_m: number) => {
    const place = Math.min(Math.max(at_m, 0), total - 0.001);
    cursor.setAttribute('x1', String(x(place)));
    cursor.setAttribute('x2', String(x(place)));
    cursor.setAttribute('visibility', 'visible');
    readout.textContent = read(t, detail, place);
    return place;
  };
  follow(chart, total, start_m, move);
  if (start_m === null) readout.textContent = t('panel.alongHelp');
  return h('div', { class: 'strip-box' }, chart, readout);
}

function follow(
  chart: SVGSVGElement,
  total: number,
  start_m: number | null,
  move: (at_m: number) => number,
): void {
  let at = start_m === null ? 0 : move(start_m);
  chart.addEventListener('pointermove', (event) => {
    const { left, width } = chart.getBoundingClientRect();
    const across = ((event.clientX - left) / width) * WIDTH;
    at = move(((across - LEFT) / (WIDTH - LEFT - RIGHT)) * total);
  });
  chart.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    at = move(at + (step * total) / KEYBOARD_STEPS);
  });
}

function read(t: Translate, detail: LineDetail, at_m: number): string {
  const segment = segmentAt(detail.segments, at_m);
  const text = t('strip.readout', {
    chainage: chainage(at_m),
    verdict: named(t, 'verdict', segment?.verdict ?? 'unmeasured'),
    rsrp: dbm(segment?.rsrp_mean_dbm),
  });
  const near = detail.stations.find(({ chainage_m }) => Math.abs(chainage_m - at_m) < detail.line.length_m / 100);
  return near ? `${text} · ${near.name}` : text;
}

function structureRects(detail: LineDetail, x: (at_m: number) => number): SVGElement[] {
  return detail.structures.map(({ kind, name, from_m, to_m }) =>
    svg(
      'rect',
      {
        x: x(from_m),
        y: PLOT.top,
        width: Math.max(x(to_m) - x(from_m), 0.6),
        height: PLOT.bottom - PLOT.top,
        fill: kind === 'tunnel' ? '#d5d9dd' : '#f1e8d8',
      },
      svg('title', {}, `${name ?? kind} ${chainageRange(from_m, to_m)}`),
    ),
  );
}

function verdictRects(detail: LineDetail, x: (at_m: number) => number): SVGElement[] {
  return stretches(detail.segments).map(({ from_m, to_m, verdict }) =>
    svg('rect', {
      x: x(from_m),
      y: BAR.top,
      width: Math.max(x(to_m) - x(from_m), 0.6),
      height: BAR.height,
      fill: verdict === 'unmeasured' ? `url(#${swatchHatchId})` : VERDICT_COLORS[verdict],
    }),
  );
}

/** From level to height: at least -120 to -75 dBm is shown, more where the line has more. */
function levelAxis(values: number[]): (rsrp_dbm: number) => number {
  const low = Math.min(-120, ...values) - 3;
  const high = Math.max(-75, ...values) + 3;
  return (rsrp_dbm) => PLOT.bottom - ((rsrp_dbm - low) / (high - low)) * (PLOT.bottom - PLOT.top);
}

function levelGrid(y: (rsrp_dbm: number) => number): SVGElement[] {
  const title = svg('text', { x: LEFT - 4, y: PLOT.bottom + 15, class: 'axis end' }, 'dBm');
  return [
    title,
    ...MARKS_DBM.flatMap((mark) => [
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark) }),
      svg('text', { class: 'axis end', x: LEFT - 4, y: y(mark) + 3 }, String(mark).replace('-', '−')),
    ]),
  ];
}

function stroke(
  points: { at_m: number; rsrp_dbm: number }[],
  x: (at_m: number) => number,
  y: (rsrp_dbm: number) => number,
): SVGElement {
  const [first] = points;
  if (first && points.length === 1) {
    return svg('circle', { class: 'level-dot', cx: x(first.at_m), cy: y(first.rsrp_dbm), r: 1.2 });
  }
  const path = points.map(({ at_m, rsrp_dbm }) => `${x(at_m).toFixed(1)} ${y(rsrp_dbm).toFixed(1)}`);
  return svg('path', { class: 'level', d: `M${path.join('L')}` });
}

function stationTicks(detail: LineDetail, x: (at_m: number) => number): SVGElement[] {
  return detail.stations.map(({ name, chainage_m }) =>
    svg(
      'path',
      { class: 'station', d: `M${x(chainage_m).toFixed(1)} ${BAR.top + BAR.height + 1}l-3 5h6z` },
      svg('title', {}, `${name} ${chainage(chainage_m)}`),
    ),
  );
}

function chainageTicks(total: number, x: (at_m: number) => number): SVGElement[] {
  const atEnd = (at_m: number) => x(at_m) > WIDTH - RIGHT - 12;
  return ticks(total).flatMap((at_m) => [
    svg('line', { class: 'tick', x1: x(at_m), x2: x(at_m), y1: PLOT.bottom, y2: PLOT.bottom + 4 }),
    svg('text', { class: `axis ${atEnd(at_m) ? 'end' : at_m === 0 ? 'start' : 'middle'}`, x: x(at_m), y: PLOT.bottom + 15 }, `K${String(at_m / 1000)}`),
  ]);
}
