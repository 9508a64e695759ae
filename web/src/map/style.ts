/** The style under the layers: plain and offline, or a base map that the workspace names. */

import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { BuildInfo } from '../api/types';

const LOCAL_FONTS = ['system-ui', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'sans-serif'];
export const GRATICULE = 'graticule';

export interface BaseStyle {
  style: StyleSpecification;
  fonts: string[];
  /** The base map was asked for and could not be had. */
  failed: boolean;
}

export async function baseStyle(build: BuildInfo): Promise<BaseStyle> {
  const { basemap } = build.map;
  if (!basemap) return { style: plain(), fonts: LOCAL_FONTS, failed: false };
  if (isTileUrl(basemap)) return { style: raster(basemap), fonts: LOCAL_FONTS, failed: false };
  try {
    const response = await fetch(basemap);
    if (!response.ok) throw new Error(`${response.status}`);
    const style = (await response.json()) as StyleSpecification;
    return { style, fonts: style.glyphs ? fontsOf(style) : LOCAL_FONTS, failed: false };
  } catch {
    return { style: plain(), fonts: LOCAL_FONTS, failed: true };
  }
}

/** A raster address has its places for z, x and y; anything else is the address of a style. */
export function isTileUrl(url: string): boolean {
  return ['{z}', '{x}', '{y}'].every((part) => url.includes(part));
}

/** No `glyphs`: labels are drawn with the reader's own fonts, so no font is ever asked for. */
function plain(): StyleSpecification {
  return {
    version: 8,
    sources: {
      [GRATICULE]: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [background(), ...graticuleLayers()],
  };
}

function raster(url: string): StyleSpecification {
  return {
    version: 8,
    sources: { basemap: { type: 'raster', tiles: [url], tileSize: 256 } },
    layers: [
      background(),
      { id: 'basemap', type: 'raster', source: 'basemap', paint: { 'raster-saturation': -0.6 } },
    ],
  };
}

function background(): LayerSpecification {
  return { id: 'background', type: 'background', paint: { 'background-color': '#eef1f2' } };
}

function graticuleLayers(): LayerSpecification[] {
  return [
    {
      id: 'graticule-line',
      type: 'line',
      source: GRATICULE,
      paint: { 'line-color': '#d3dade', 'line-width': 1 },
    },
    {
      id: 'graticule-label',
      type: 'symbol',
      source: GRATICULE,
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 600,
        'text-field': ['get', 'label'],
        'text-font': LOCAL_FONTS,
        'text-size': 10.5,
      },
      paint: { 'text-color': '#8d99a1', 'text-halo-color': '#eef1f2', 'text-halo-width': 2 },
    },
  ];
}

/** Fonts that the base map's own labels use: the only ones its glyph server is sure to have. */
function fontsOf(style: StyleSpecification): string[] {
  for (const layer of style.layers) {
    const font: unknown = layer.type === 'symbol' ? layer.layout?.['text-font'] : undefined;
    if (Array.isArray(font) && font.every((name) => typeof name === 'string')) return font;
  }
  return ['Noto Sans Regular'];
}
