/** Questions answered from the files of a published map: no service runs behind the page. */

import { addProtocol, type RequestParameters } from 'maplibre-gl';
import { PMTiles, tileIdToZxy } from 'pmtiles';
import { ApiError, type Api, type Query } from './client';
import { linesPage, spotsPage } from './lists';
import { RangeSource } from './ranges';
import type { BuildInfo, LineDetail, LineVerdict, Page, Profile, WeakSpot } from './types';

const PROTOCOL = 'covermap';

/** `static.json`: where the files of the map are. */
interface Contents {
  /** Folder of the build; what is in it never changes. */
  folder: string;
  layers: PublishedLayer[];
  sites: string | null;
}

interface PublishedLayer {
  operator: string;
  technology: string;
  folder: string;
  /** Archive by kind of tiles; null: nothing was drawn. */
  tiles: Record<string, string | null>;
}

interface LineFile {
  detail: LineDetail;
  profile: Profile;
}

export class Published implements Api {
  readonly point = null;
  onWhole = (): void => undefined;
  readonly #base: string;
  readonly #contents: Contents;
  readonly #files = new Map<string, Promise<unknown>>();
  readonly #archives = new Map<string, PMTiles>();
  #told = false;

  private constructor(base: string, contents: Contents) {
    this.#base = base;
    this.#contents = contents;
    addProtocol(PROTOCOL, (request, { signal }) => this.#load(request, signal));
  }

  static async open(name: string): Promise<Published> {
    const url = new URL(name, document.baseURI);
    url.hash = '';
    return new Published(url.href, await fetchJson<Contents>(url.href));
  }

  build(): Promise<BuildInfo> {
    return this.#file('build.json');
  }

  async lines(query: Query): Promise<Page<LineVerdict>> {
    return linesPage(await this.#file<LineVerdict[]>(`${this.#layer(query).folder}/lines.json`), query);
  }

  async line(id: string, query: Query): Promise<LineDetail> {
    return (await this.#line(id, query)).detail;
  }

  async profile(id: string, query: Query): Promise<Profile> {
    return (await this.#line(id, query)).profile;
  }

  async weakSpots(query: Query): Promise<Page<WeakSpot>> {
    return spotsPage(await this.#spots(this.#layer(query)), query);
  }

  /** A spot is of one layer; which one, its identity does not tell. */
  async weakSpot(id: string): Promise<WeakSpot> {
    for (const layer of this.#contents.layers) {
      const found = (await this.#spots(layer)).find((spot) => spot.spot_id === id);
      if (found) return found;
    }
    throw new ApiError(404, `no weak spot ${id}.`);
  }

  tiles(kind: string, layer: string[]): string {
    return `${PROTOCOL}://${[kind, ...layer].map(encodeURIComponent).join('/')}`;
  }

  #spots(layer: PublishedLayer): Promise<WeakSpot[]> {
    return this.#file(`${layer.folder}/spots.json`);
  }

  async #line(id: string, query: Query): Promise<LineFile> {
    const number = (await this.#file<string[]>('lines.json')).indexOf(id);
    if (number < 0) throw new ApiError(404, `no line ${id}.`);
    const archive = this.#opened(`${this.#layer(query).folder}/lines.pmtiles`);
    const found = await archive.getZxy(...tileIdToZxy(number));
    if (!found) throw new ApiError(404, `no line ${id}.`);
    return JSON.parse(new TextDecoder().decode(found.data)) as LineFile;
  }

  #layer({ operator, technology }: Query): PublishedLayer {
    const found = this.#contents.layers.find(
      (layer) => layer.operator === operator && layer.technology === technology,
    );
    if (!found) throw new ApiError(404, `no layer ${String(operator)}/${String(technology)}.`);
    return found;
  }

  /** A file of the build, fetched once. */
  #file<T>(name: string): Promise<T> {
    const url = this.#url(name);
    let made = this.#files.get(url);
    if (!made) {
      made = fetchJson<T>(url);
      this.#files.set(url, made);
      made.catch(() => this.#files.delete(url));
    }
    return made as Promise<T>;
  }

  #url(name: string): string {
    return new URL(`${this.#contents.folder}/${name}`, this.#base).href;
  }

  /** What MapLibre asks: a layer's TileJSON, or one of its tiles. */
  async #load({ url, type }: RequestParameters, signal: AbortController['signal']): Promise<{ data: ArrayBuffer | object }> {
    const parts = url.slice(`${PROTOCOL}://`.length).split('/');
    if (type === 'json') return { data: await this.#tileJson(url, this.#archive(parts)) };
    const [z, x, y] = parts.splice(-3).map(Number);
    const tile = await this.#archive(parts)?.getZxy(z ?? NaN, x ?? NaN, y ?? NaN, signal);
    return { data: tile?.data ?? new ArrayBuffer(0) };
  }

  #archive(parts: string[]): PMTiles | null {
    const [kind = '', operator, technology] = parts.map(decodeURIComponent);
    const { sites } = this.#contents;
    const name = operator === undefined ? sites : this.#layer({ operator, technology }).tiles[kind];
    return name ? this.#opened(name) : null;
  }

  #opened(name: string): PMTiles {
    let archive = this.#archives.get(name);
    if (!archive) {
      const source = new RangeSource(this.#url(name), () => {
        this.#tellWhole();
      });
      archive = new PMTiles(source);
      this.#archives.set(name, archive);
    }
    return archive;
  }

  async #tileJson(url: string, archive: PMTiles | null): Promise<object> {
    const tiles = [`${url}/{z}/{x}/{y}`];
    // without a word on layers: an empty list would make MapLibre warn of every layer that it lacks
    if (!archive) return { tilejson: '3.0.0', tiles, minzoom: 0, maxzoom: 0 };
    const [header, said] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
    const about = said as { zooms?: [number, number]; vector_layers?: object[] };
    return {
      tilejson: '3.0.0',
      tiles,
      minzoom: about.zooms?.[0] ?? header.minZoom,
      maxzoom: about.zooms?.[1] ?? header.maxZoom,
      bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
      vector_layers: about.vector_layers ?? [],
    };
  }

  #tellWhole(): void {
    if (this.#told) return;
    this.#told = true;
    console.info('This server gives no parts of files: archives of tiles are fetched whole.');
    this.onWhole();

  }
}

async function fetchJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new ApiError(response.status, `${url}: ${response.status} ${response.statusText}`.trim());
  return (await response.json()) as T;
}
