/** What a layer of the map is: how it is drawn, what its legend says, what a click on it selects. */

import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  MapGeoJSONFeature,
} from 'maplibre-gl';
import { DASH } from '../text/format';
import type { BuildInfo } from '../api/types';
import type { MessageKey, Translate } from '../i18n';
import type { Forecast, Metric, OverlayId, Selection } from '../state';

/** The figures that are shown. */
export interface Shown {
  metric: Metric;
  forecast: Forecast;
}

export interface Look extends Shown {
  /** Fonts of the map's labels. */
  fonts: string[];
}

export type Swatch =
  | { kind: 'fill'; color: string; opacity?: number }
  | { kind: 'dotted'; color: string; opacity: number }
  | { kind: 'hatch' }
  | { kind: 'line'; color: string }
  | { kind: 'band'; color: string }
  | { kind: 'dashed'; color: string }
  | { kind: 'outline'; color: string }
  | { kind: 'dot'; color: string; ring?: string };

export interface LegendEntry {
  swatch: Swatch;
  label: string;
}

export interface Legend {
  /** What the colours stand for; null where the layer's own name says it. */
  title: string | null;
  unit: string | null;
  entries: LegendEntry[];
  /** How strongly that is drawn, in one row. */
  fading?: { title: string; entries: LegendEntry[] };
}

export interface Clicked {
  feature: MapGeoJSONFeature;
  lon: number;
  lat: number;
}

export interface Overlay {
  id: OverlayId;
  title: MessageKey;
  /** Whether its tiles differ by operator and technology. */
  perLayer: boolean;
  /** What is to be said below its legend. */
  note?: (build: BuildInfo, layer: { operator: string; technology: string }, t: Translate) => string;
  /** Table without whose rows there is nothing to draw in any layer; without: always offered. */
  table?: string;
  /** Style layers, from bottom to top; the source is added by the map. */
  style(look: Look): LayerSpecification[];
  legend(shown: Shown, t: Translate): Legend;
  /** One line that tells a feature under the pointer. */
  hint(feature: MapGeoJSONFeature, t: Translate): string;
  /** What a click on one of its features selects; null: not to be clicked. */
  select(clicked: Clicked): Selection | null;
  /** Style layers that mark the selected feature, and the filter that finds it. */
  marks(selection: Selection): Record<string, FilterSpecification>;
}

/** A filter that lets nothing through: a mark without a selection. */
export const NOTHING: ExpressionSpecification = ['literal', false] as unknown as ExpressionSpecification;

export function text(feature: MapGeoJSONFeature, property: string): string | null {
  const value: unknown = feature.properties[property];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function number(feature: MapGeoJSONFeature, property: string): number | null {
  const value: unknown = feature.properties[property];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Parts that say something, joined: a missing figure is left out. */
export function phrase(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '' && part !== DASH).join(' · ');
}
