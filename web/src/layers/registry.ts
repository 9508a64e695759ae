/** All layers of the map, from bottom to top. A new layer is one module and one entry here. */

import type { OverlayId } from '../state';
import { cells } from './cells';
import { lines } from './lines';
import type { Overlay } from './overlay';
import { predicted } from './predicted';
import { segments } from './segments';
import { sites } from './sites';
import { weakSpots } from './weakSpots';

export const OVERLAY_LIST: readonly Overlay[] = [predicted, cells, lines, segments, weakSpots, sites];

export function overlay(id: OverlayId): Overlay {
  const found = OVERLAY_LIST.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no layer ${id}`);
  return found;
}
