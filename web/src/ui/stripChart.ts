/** The strip chart of a line: level, verdicts and probability by chainage, with a cursor to read it. */

import type { Piece, Profile } from '../api/types';
import { named, type Translate } from '../i18n';
import { dbm, length, percent } from '../text/format';
import { h, svg } from './dom';
import { hatchPattern } from './svgHatch';
import { pieceAt, placeText } from './stripData';
import { HEIGHT, LEFT, topOf, TRACKS, tracks, WIDTH, widthOf } from './stripTracks';

const KEYBOARD_STEPS = 60;

export interface Place {
  lon: number;
  lat: number;
}

export interface Following {
  /** What the cursor points at; null: nothing. */
  onPlace: (place: Place | null) => void;
  /** A click on the chart. */
  onChoose: (place: Place) => void;
}

export function stripChart(
  t: Translate,
  profile: Profile,
  start_m: number | null,
  following: Following,
): HTMLElement {
  const { from_m, to_m, title, pieces } = profile;
  const x = (at_m: number) => LEFT + ((at_m - from_m) / (to_m - from_m)) * widthOf();
  const cursor = svg('line', { class: 'cursor', y1: 0, y2: TRACKS.end, visibility: 'hidden' });
  const label = t('strip.label', { line: title, length: length(profile.length_m) });
  const chart = svg(
    'svg',
    { class: 'strip', viewBox: `0 ${topOf(profile)} ${WIDTH} ${HEIGHT - topOf(profile)}`, role: 'img', 'aria-label': label, tabindex: 0 },
    hatchPattern(),
    ...tracks(t, profile, x),
    cursor,
  );
  const readout = h('p', { class: 'readout', 'aria-live': 'polite' });
  const move = (at_m: number) => {
    const place = Math.min(Math.max(at_m, from_m), to_m - 0.001);
    cursor.setAttribute('x1', String(x(place)));
    cursor.setAttribute('x2', String(x(place)));
    cursor.setAttribute('visibility', 'visible');
    readout.textContent = read(t, profile, place);
    return place;
  };
  readout.textContent = t('panel.alongHelp');
  const at = { place: start_m === null ? from_m : move(start_m) };
  const to = (at_m: number) => {
    at.place = move(at_m);
    following.onPlace(pieceAt(pieces, at.place));
  };
  listen(chart, profile, { at, to, following });
  return h('div', { class: 'strip-box' }, chart, readout, about(t, profile));
}

interface Cursor {
  at: { place: number };
  to: (at_m: number) => void;
  following: Following;
}

function listen(chart: SVGSVGElement, { from_m, to_m, pieces }: Profile, { at, to, following }: Cursor): void {
  chart.addEventListener('pointermove', (event) => {
    const { left, width } = chart.getBoundingClientRect();
    const across = ((event.clientX - left) / width) * WIDTH;
    to(from_m + ((across - LEFT) / widthOf()) * (to_m - from_m));
  });
  const leave = () => {
    following.onPlace(null);
  };
  chart.addEventListener('pointerleave', leave);
  chart.addEventListener('blur', leave);
  const choose = () => {
    const piece = pieceAt(pieces, at.place);
    if (piece) following.onChoose(piece);
  };
  chart.addEventListener('click', choose);
  chart.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') choose();
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    to(at.place + (step * (to_m - from_m)) / KEYBOARD_STEPS);
  });
}

function read(t: Translate, profile: Profile, at_m: number): string {
  const piece = pieceAt(profile.pieces, at_m);
  const near = profile.stations.find(({ chainage_m }) => Math.abs(chainage_m - at_m) < profile.length_m / 100);
  const inside = profile.structures.find(({ from_m, to_m }) => from_m <= at_m && at_m < to_m);
  const parts = [
    placeText(profile, at_m),
    named(t, 'verdict', piece?.verdict ?? 'unmeasured'),
    ...figuresOf(t, piece),
    inside ? (inside.name ?? named(t, 'structure', inside.kind)) : null,
    near?.name ?? null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

function figuresOf(t: Translate, piece: Piece | null): (string | null)[] {
  if (!piece || piece.verdict === 'unmeasured') return [];
  return [
    dbm(piece.rsrp_mean_dbm),
    `P ${percent(piece.probability)}`,
    t(piece.runs === 1 ? 'strip.run' : 'strip.runs', { runs: piece.runs }),
  ];
}

/** What the tracks are: the chart has no room for it. */
function about(t: Translate, { structures, official }: Profile): HTMLElement {
  const has = (kind: string) => structures.some((structure) => structure.kind === kind);
  const said = [
    t('strip.aboutLevel'),
    t('strip.aboutP'),
    has('tunnel') ? t('strip.aboutTunnel') : null,
    has('bridge') ? t('strip.aboutBridge') : null,
    has('gap') ? t('strip.aboutGap') : null,
    t(official ? 'strip.aboutOfficial' : 'strip.aboutMetres'),
  ];
  return h('p', { class: 'strip-about' }, said.filter((part) => part !== null).join(' '));
}
