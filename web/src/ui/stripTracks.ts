/** The tracks of a strip chart, from top to bottom: stations, sections, verdicts, level, probability. */

import type { Profile, Section } from '../api/types';
import { named, type Translate } from '../i18n';
import { ANSWER_COLORS, VERDICT_COLORS } from '../layers/scale';
import { chainageRange, length } from '../text/format';
import { svg } from './dom';
import { swatchHatchId } from './svgHatch';
import { columns, roomy, runs, stretches, worseLast, type Column } from './stripData';

export const WIDTH = 372;
export const LEFT = 47;
const RIGHT = 6;
export const HEIGHT = 222;
export const TRACKS = {
  names: 9,
  marks: 12,
  sections: { top: 20, height: 8 },
  verdicts: { top: 32, height: 15 },
  level: { top: 56, bottom: 144 },
  p: { top: 154, bottom: 182 },
  structures: { top: 187, height: 6 },
  end: 196,
  ticks: 209,
};
const COLUMNS = 300;
const FONT = 5.6;
const MARKS_DBM = [-120, -100, -80, -60];
const STRUCTURES: Record<string, string> = { tunnel: '#4a4f55', bridge: '#b08d57', gap: '#d1495b' };
const UNKNOWN = '#9aa4ad';

type X = (at_m: number) => number;

export function widthOf(): number {
  return WIDTH - LEFT - RIGHT;
}

export function tracks(t: Translate, profile: Profile, x: X): SVGElement[] {
  const found = columns(profile.pieces, profile.from_m, profile.to_m, COLUMNS);
  return [
    ...tunnelShades(profile, x),
    ...sectionBars(t, profile, x),
    name(t('strip.verdict'), TRACKS.verdicts.top + 11),
    ...verdictBars(t, profile, x),
    ...levelTrack(profile, found, x),
    ...probabilityTrack(found, x),
    ...structureBars(t, profile, x),
    ...stations(profile, x),
    ...ticks(profile, x),
  ];
}

function name(text: string, y: number): SVGElement {
  return svg('text', { class: 'axis end', x: LEFT - 4, y }, text);
}

function bar(x: X, from_m: number, to_m: number, top: number, height: number, fill: string, title: string): SVGElement {
  const width = Math.max(x(to_m) - x(from_m), 0.7);
  return svg('rect', { x: x(from_m).toFixed(2), y: top, width: width.toFixed(2), height, fill }, svg('title', {}, title));
}

/** From which height on there is anything: lines without stations or sections have less above. */
export function topOf(profile: Profile): number {
  if (profile.stations.length > 0) return 0;
  return shownSections(profile).length > 0 ? TRACKS.sections.top - 4 : TRACKS.verdicts.top - 6;
}

/** Sections from station to station, else by county, where there is more than one. */
function shownSections({ sections }: Profile): Section[] {
  const kind = (wanted: string) => sections.filter((section) => section.kind === wanted);
  return [kind('station'), kind('county')].find((own) => own.length > 1) ?? [];
}

function sectionBars(t: Translate, profile: Profile, x: X): SVGElement[] {
  const { top, height } = TRACKS.sections;
  const shown = shownSections(profile);
  if (shown.length === 0) return [];
  return [
    name(t('strip.sections'), top + 8),
    ...shown.map((section) => {
      const fill = section.answer && section.share_low !== null ? ANSWER_COLORS[section.answer] : `url(#${swatchHatchId})`;
      const said = section.share_low === null ? t('verdict.unmeasured') : named(t, 'answer', section.answer);
      const made = bar(x, section.from_m, section.to_m, top, height, fill, `${section.name}: ${said}`);
      made.classList.add('section');
      return made;
    }),
  ];
}

function verdictBars(t: Translate, { pieces }: Profile, x: X): SVGElement[] {
  const { top, height } = TRACKS.verdicts;
  return worseLast(stretches(pieces)).map(({ from_m, to_m, verdict }) => {
    const fill = verdict === 'unmeasured' ? `url(#${swatchHatchId})` : VERDICT_COLORS[verdict];
    const made = bar(x, from_m, to_m, top, height, fill, `${t(`verdict.${verdict}`)} ${length(to_m - from_m)}`);
    made.classList.add('verdict');
    return made;
  });
}

/** Mean level as a line, shaded down to the 5th percentile of the samples. */
function levelTrack({ threshold_dbm }: Profile, found: Column[], x: X): SVGElement[] {
  const y = levelAxis(found);
  const known = runs(found, ({ level }) => level !== null);
  const threshold = threshold_dbm === null ? [] : [
    svg('line', { class: 'threshold', x1: LEFT, x2: WIDTH - RIGHT, y1: y(threshold_dbm), y2: y(threshold_dbm) }),
    svg('text', { class: 'axis end threshold-text', x: WIDTH - RIGHT, y: y(threshold_dbm) - 3 }, `${minus(threshold_dbm)} dBm`),
  ];
  const { top, bottom } = TRACKS.level;
  const marks = MARKS_DBM.filter((mark) => y(mark) > top && y(mark) < bottom);
  return [
    ...marks.flatMap((mark) => [
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark) }),
      name(minus(mark), y(mark) + 3),
    ]),
    name('dBm', TRACKS.level.top - 1),
    ...known.map((run) => band(run, x, y)),
    ...known.map((run) => stroke(run, x, y)),
    ...threshold,
  ];
}

/** From level to height: at least -120 to -75 dBm is shown, more where the line has more. */
function levelAxis(found: Column[]): (level: number) => number {
  const values = found.flatMap(({ level, low }) => [level, low]).filter((value) => value !== null);
  const low = Math.min(-120, ...values) - 3;
  const high = Math.max(-75, ...values) + 3;
  const { top, bottom } = TRACKS.level;
  return (level) => bottom - ((level - low) / (high - low)) * (bottom - top);
}

function point(at_m: number, y: number, x: X): string {
  return `${x(at_m).toFixed(1)} ${y.toFixed(1)}`;
}

function band(run: Column[], x: X, y: (level: number) => number): SVGElement {
  const upper = run.map(({ at_m, level }) => point(at_m, y(level ?? 0), x));
  const lower = run.map(({ at_m, level, low }) => point(at_m, y(low ?? level ?? 0), x)).reverse();
  return svg('path', { class: 'band', d: `M${[...upper, ...lower].join('L')}Z` });
}

function stroke(run: Column[], x: X, y: (level: number) => number): SVGElement {
  const [first] = run;
  if (first && run.length === 1) {
    return svg('circle', { class: 'level-dot', cx: x(first.at_m), cy: y(first.level ?? 0), r: 1.2 });
  }
  return svg('path', { class: 'level', d: `M${run.map(({ at_m, level }) => point(at_m, y(level ?? 0), x)).join('L')}` });
}

/** Probability as steps from 0 to 1; nothing where nothing is measured. */
function probabilityTrack(found: Column[], x: X): SVGElement[] {
  const { top, bottom } = TRACKS.p;
  const y = (p: number) => bottom - p * (bottom - top);
  const half = found.length > 1 ? ((found[1]?.at_m ?? 0) - (found[0]?.at_m ?? 0)) / 2 : 0;
  const areas = runs(found, ({ p }) => p !== null).map((run) => {
    const steps = run.flatMap(({ at_m, p }) => [point(at_m - half, y(p ?? 0), x), point(at_m + half, y(p ?? 0), x)]);
    const [first, last] = [run[0], run.at(-1)];
    const feet = [point((last?.at_m ?? 0) + half, bottom, x), point((first?.at_m ?? 0) - half, bottom, x)];
    return svg('path', { class: 'chance', d: `M${[...steps, ...feet].join('L')}Z` });
  });
  return [
    ...[0, 0.5, 1].map((p) => svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(p), y2: y(p) })),
    ...areas,
    name('100 %', y(1) + 4),
    name('P', y(0.5) + 4),
    name('0', y(0) + 3),
  ];
}

function tunnelShades({ structures }: Profile, x: X): SVGElement[] {
  const { top, bottom } = TRACKS.level;
  return structures
    .filter(({ kind }) => kind === 'tunnel')
    .map(({ from_m, to_m }) => bar(x, from_m, to_m, top, bottom - top, '#e6e9eb', ''));
}

function structureBars(t: Translate, { structures }: Profile, x: X): SVGElement[] {
  const { top, height } = TRACKS.structures;
  return structures.map(({ kind, name: own, from_m, to_m }) => {
    const title = `${own ?? named(t, 'structure', kind)} ${chainageRange(from_m, to_m)}`;
    return bar(x, from_m, to_m, top, height, STRUCTURES[kind] ?? UNKNOWN, title);
  });
}

/** Marks of all stations, and the names for which there is room. */
function stations({ stations: all }: Profile, x: X): SVGElement[] {
  const width = (text: string) => Array.from(text).reduce((sum, c) => sum + (c > '\u2e80' ? 10 : FONT), 4);
  const middle = (text: string, at_m: number) =>
    Math.min(Math.max(x(at_m), LEFT + width(text) / 2), WIDTH - RIGHT - width(text) / 2);
  const named = roomy(all, (one) => middle(one.name, one.chainage_m), (one) => width(one.name));
  return [
    ...all.map(({ name: own, chainage_m, text }) =>
      svg('path', { class: 'station', d: `M${x(chainage_m).toFixed(1)} ${TRACKS.marks + 5}l-3 -5h6z` }, svg('title', {}, `${own} ${text}`)),
    ),
    ...named.map(({ name: own, chainage_m }) =>
      svg('text', { class: 'axis middle', x: middle(own, chainage_m).toFixed(1), y: TRACKS.names }, own),
    ),
  ];
}

function ticks({ ticks: all }: Profile, x: X): SVGElement[] {
  const width = (text: string) => text.length * FONT + 6;
  const middle = (text: string, at_m: number) => Math.min(x(at_m), WIDTH - width(text) / 2);
  const shown = roomy(all, (one) => middle(one.text, one.chainage_m), (one) => width(one.text));
  return [
    ...all.map(({ chainage_m }) =>
      svg('line', { class: 'tick', x1: x(chainage_m), x2: x(chainage_m), y1: TRACKS.end - 2, y2: TRACKS.end + 2 }),
    ),
    ...shown.map(({ chainage_m, text }) =>
      svg('text', { class: 'axis middle', x: middle(text, chainage_m).toFixed(1), y: TRACKS.ticks }, text),
    ),
  ];
}

function minus(value: number): string {
  return String(value).replace('-', '−');
}
