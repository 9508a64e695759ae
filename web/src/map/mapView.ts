/** The map itself: draws the state's layers, reports clicks and where the camera is. */

import {
  Map as MapLibre,
  ScaleControl,
  setWorkerUrl,
  type FilterSpecification,
  type LngLatBoundsLike,
  type MapGeoJSONFeature,
  type MapMouseEvent,
  type Point,
  type PointLike,
  type VectorTileSource,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Api } from '../api/client';
import type { BuildInfo } from '../api/types';
import { HATCH } from '../layers/cells';
import { DOTS } from '../layers/predicted';
import { NOTHING, type Look, type Overlay } from '../layers/overlay';
import { overlay, OVERLAY_LIST } from '../layers/registry';
import { same, type Camera, type OverlayId, type State, type Store } from '../state';
import { graticule } from './graticule';
import { dots, hatch } from './hatch';
import { GRATICULE, type BaseStyle } from './style';

type Box = [number, number, number, number];
export type Properties = Record<string, unknown>;

export interface Hover {
  item: Overlay;
  feature: MapGeoJSONFeature;
  x: number;
  y: number;
}

/** The place on the map that the cursor of a strip chart points at. */
const PLACE = 'place';
const PLACE_PAINT = {
  'circle-color': '#d4246e',
  'circle-radius': 7,
  'circle-stroke-color': '#ffffff',
  'circle-stroke-width': 2.5,
} as const;
const CLICK_REACH_PX = 5;
const ROOMY_PX = 900;
const PANEL_PX = 450;

export interface MapViewOptions {
  container: HTMLElement;
  api: Api;
  build: BuildInfo;
  store: Store;
  base: BaseStyle;
  onBusy: (busy: boolean) => void;
  onTileError: () => void;
  /** What the pointer is over, at a position of the map's own; null: nothing. */
  onHover: (hover: Hover | null) => void;
}

export class MapView {
  readonly #map: MapLibre;
  readonly #options: MapViewOptions;
  #drawn: State | null = null;

  constructor(options: MapViewOptions) {
    setWorkerUrl(new URL(workerUrl, import.meta.url).href);
    this.#options = options;
    const { camera } = options.store.state;
    this.#map = new MapLibre({
      container: options.container,
      style: options.base.style,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxPitch: 0,
      minZoom: 1,
      maxZoom: 18,
      fadeDuration: 0,
      ...(camera ? { center: [camera.lon, camera.lat], zoom: camera.zoom } : this.#start()),
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new ScaleControl({ maxWidth: 110 }), 'bottom-left');
    this.#listen();
  }

  /** Bring the drawing up to the state: only what differs from what is drawn is touched. */
  show(state: State): void {
    const drawn = this.#drawn;
    if (!drawn) return;
    this.#drawn = state;
    if (state.camera && !same(state.camera, this.#camera())) {
      const { lon, lat, zoom } = state.camera;
      this.#map.jumpTo({ center: [lon, lat], zoom });
    }
    if (state.operator !== drawn.operator || state.technology !== drawn.technology) {
      this.#retarget(state);
    }
    if (state.metric !== drawn.metric || state.forecast !== drawn.forecast) this.#restyle(state);
    if (!same(state.overlays, drawn.overlays)) this.#setVisible(state);
    if (!same(state.selection, drawn.selection)) this.#mark(state);
  }

  zoomBy(steps: number): void {
    this.#map.zoomTo(Math.round((this.#map.getZoom() + steps) * 2) / 2, { duration: 200 });
  }

  showAll(): void {
    const { bounds } = this.#options.build;
    if (bounds) this.#map.fitBounds(box(bounds), { padding: 40, maxZoom: 15, duration: 600 });
  }

  fit(bounds: Box): void {
    const padding = this.#panelPadding();
    this.#map.fitBounds(box(bounds), { padding, maxZoom: 15, duration: 600 });
  }

  /** The details lie over the right of the map, or over its lower part where it is narrow. */
  #panelPadding(): { top: number; left: number; bottom: number; right: number } {
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const right = clientWidth > ROOMY_PX ? PANEL_PX : 40;
    const bottom = clientWidth > ROOMY_PX ? 48 : clientHeight * 0.6;
    return { top: 40, left: 40, bottom, right };
  }

  /** Properties of a drawn feature, found by one property; asked again once the map is idle. */
  async feature(layer: OverlayId, property: string, value: string): Promise<Properties | null> {
    return this.#find(layer, property, value) ?? (await this.#findWhenIdle(layer, property, value));
  }

  /** Mark a place; null: none. */
  point(place: { lon: number; lat: number } | null): void {
    const features = place
      ? [{ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [place.lon, place.lat] } }]
      : [];
    this.#setData(PLACE, { type: 'FeatureCollection', features });
  }

  goTo({ lon, lat }: { lon: number; lat: number }): void {
    const zoom = Math.max(this.#map.getZoom(), 13);
    this.#map.easeTo({ center: [lon, lat], zoom, padding: this.#panelPadding(), duration: 600 });
  }

  resize(): void {
    this.#map.resize();
  }

  /** For tests and the browser's console: the MapLibre map behind the view. */
  get maplibre(): MapLibre {
    return this.#map;
  }

  #start(): { bounds?: LngLatBoundsLike; fitBoundsOptions?: object; center?: [number, number]; zoom?: number } {
    const { map, bounds } = this.#options.build;
    if (map.center && map.zoom !== null) return { center: map.center, zoom: map.zoom };
    if (bounds) return { bounds: box(bounds), fitBoundsOptions: { padding: 40, maxZoom: 14 } };
    return { center: map.center ?? [104, 35], zoom: map.center ? 9 : 3 };
  }

  #listen(): void {
    const { store, onBusy, onHover, onTileError } = this.#options;
    const map = this.#map;
    map.on('load', () => {
      this.#addOverlays();
      this.#drawGraticule();
    });
    map.on('moveend', () => {
      this.#drawGraticule();
      if (!same(store.state.camera, this.#camera())) store.update({ camera: this.#camera() });
    });
    map.on('click', (event) => {
      store.update({ selection: this.#selectionAt(event) });
    });
    map.getCanvas().addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#selectCentre();
      if (event.key === 'Escape') store.update({ selection: null });
    });
    map.on('mousemove', ({ point }) => {
      const top = this.#topmost(point, 0);
      map.getCanvas().style.cursor = top ? 'pointer' : '';
      onHover(top && { ...top, x: point.x, y: point.y });
    });
    map.on('mouseout', () => {
      onHover(null);
    });
    map.on('dataloading', () => {
      onBusy(true);
    });
    map.on('idle', () => {
      onBusy(false);
      this.#options.container.dataset.idle = String(Date.now());
    });
    map.on('error', (event) => {
      console.warn(event.error.message);
      onTileError();
    });
  }

  #addOverlays(): void {
    const { state } = this.#options.store;
    const map = this.#map;
    map.addImage(HATCH, hatch());
    map.addImage(DOTS, dots());
    for (const item of OVERLAY_LIST) {
      map.addSource(item.id, { type: 'vector', url: this.#tileJson(item, state) });
    }
    for (const layer of OVERLAY_LIST.flatMap((item) => item.style(this.#look(state)))) {
      map.addLayer(layer);
    }
    map.addSource(PLACE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
    map.addLayer({ id: PLACE, type: 'circle', source: PLACE, paint: PLACE_PAINT });
    this.#drawn = state;
    this.#setVisible(state);
    this.#mark(state);
    this.show(this.#options.store.state);
  }

  #retarget(state: State): void {
    for (const item of OVERLAY_LIST.filter((candidate) => candidate.perLayer)) {
      this.#map.getSource<VectorTileSource>(item.id)?.setUrl(this.#tileJson(item, state));
    }
  }

  #tileJson(item: Overlay, { operator, technology }: State): string {
    return this.#options.api.tiles(item.id, item.perLayer ? [operator, technology] : []);
  }

  #restyle(state: State): void {
    for (const layer of OVERLAY_LIST.flatMap((item) => item.style(this.#look(state)))) {
      if (!layer.id.includes('-selected') && 'filter' in layer) {
        this.#map.setFilter(layer.id, layer.filter);
      }
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.#map.setPaintProperty(layer.id, name as never, value as never);
      }
    }
  }

  #setVisible(state: State): void {
    for (const item of OVERLAY_LIST) {
      const visibility = state.overlays.includes(item.id) ? 'visible' : 'none';
      for (const { id } of item.style(this.#look(state))) {
        this.#map.setLayoutProperty(id, 'visibility', visibility);
      }
    }
  }

  #mark({ selection }: State): void {
    for (const item of OVERLAY_LIST) {
      const marks: Record<string, FilterSpecification> = selection
        ? item.marks(selection)
        : Object.fromEntries(this.#markIds(item).map((id) => [id, NOTHING]));
      for (const [id, filter] of Object.entries(marks)) this.#map.setFilter(id, filter);
    }
  }

  #markIds(item: Overlay): string[] {
    return Object.keys(item.marks({ kind: 'spot', id: '' }));
  }

  #look({ metric, forecast }: State): Look {
    return { metric, forecast, fonts: this.#options.base.fonts };
  }

  /** For the keyboard: what lies at the crosshair, in the middle of the map. */
  #selectCentre(): void {
    const lngLat = this.#map.getCenter();
    const selection = this.#selectionAt({ lngLat, point: this.#map.project(lngLat) });
    this.#options.store.update({ selection });
  }

  /** What a click there selects. */
  #selectionAt({ point, lngLat }: Pick<MapMouseEvent, 'point' | 'lngLat'>): State['selection'] {
    const top = this.#topmost(point, CLICK_REACH_PX);
    return top?.item.select({ feature: top.feature, lon: lngLat.lng, lat: lngLat.lat }) ?? null;
  }

  /** The feature of the topmost layer there; within reach, but a cell only right under the point. */
  #topmost({ x, y }: Point, reach: number): { item: Overlay; feature: MapGeoJSONFeature } | null {
    if (!this.#drawn) return null;
    const around: [PointLike, PointLike] = [
      [x - reach, y - reach],
      [x + reach, y + reach],
    ];
    const isCells = ({ source }: MapGeoJSONFeature) => source === 'cells' || source === 'predicted';
    const others = this.#map.queryRenderedFeatures(around).filter((feature) => !isCells(feature));
    const exact = this.#map.queryRenderedFeatures([x, y]).filter(isCells);
    for (const item of [...OVERLAY_LIST].reverse()) {
      const feature = [...others, ...exact].find(({ source }) => source === item.id);
      if (feature) return { item, feature };
    }
    return null;
  }

  #find(layer: OverlayId, property: string, value: string): Properties | null {
    if (!this.#map.getSource(layer)) return null;
    const filter: FilterSpecification = ['==', ['get', property], value];
    const [feature] = this.#map.querySourceFeatures(layer, { sourceLayer: overlay(layer).id, filter });
    return feature?.properties ?? null;
  }

  async #findWhenIdle(layer: OverlayId, property: string, value: string): Promise<Properties | null> {
    if (!this.#map.loaded()) await this.#map.once('idle');
    return this.#find(layer, property, value);
  }

  #camera(): Camera {
    const { lng, lat } = this.#map.getCenter();
    return { zoom: round(this.#map.getZoom(), 2), lat: round(lat, 5), lon: round(lng, 5) };
  }

  #drawGraticule(): void {
    const bounds = this.#map.getBounds();
    const extent = {
      west: bounds.getWest(),
      south: bounds.getSouth(),
      east: bounds.getEast(),
      north: bounds.getNorth(),
    };
    this.#setData(GRATICULE, graticule(extent));
  }

  #setData(name: string, data: object): void {
    const source = this.#map.getSource(name);
    if (source?.type === 'geojson') (source as unknown as { setData(data: object): void }).setData(data);
  }
}

function box([west, south, east, north]: Box): LngLatBoundsLike {
  return [west, south, east, north];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
