/** Questions to the service. Every failure becomes one `ApiError` with a sentence to show. */

import type { BuildInfo, LineDetail, LineVerdict, Page, PointAnswer, Profile, WeakSpot } from './types';

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export type Query = Record<string, string | number | null | undefined>;

/** What the page asks: of a running service, or of the files of a published map. */
export interface Api {
  build(): Promise<BuildInfo>;
  /** What is known at a position; null: nobody is there to ask. */
  readonly point: ((lon: number, lat: number, signal?: AbortSignal) => Promise<PointAnswer>) | null;
  lines(query: Query, signal?: AbortSignal): Promise<Page<LineVerdict>>;
  line(id: string, query: Query, signal?: AbortSignal): Promise<LineDetail>;
  profile(id: string, query: Query, signal?: AbortSignal): Promise<Profile>;
  weakSpots(query: Query, signal?: AbortSignal): Promise<Page<WeakSpot>>;
  weakSpot(id: string, signal?: AbortSignal): Promise<WeakSpot>;
  /** Called once when the server gives no parts of files. */
  onWhole: () => void;
  /** Address of the TileJSON of a layer; `layer` is its operator and technology, if it has any. */
  tiles(kind: string, layer: string[]): string;
}

export class Service implements Api {
  readonly #base: string;

  onWhole = (): void => undefined;

  constructor(base: string = document.baseURI) {
    this.#base = base;
  }

  /** Absolute address of a path of the service, wherever the page is mounted. */
  url(path: string, query: Query = {}): string {
    const url = new URL(path, this.#base);
    url.hash = '';
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== '') {
        url.searchParams.set(name, String(value));
      }
    }
    return url.href;
  }

  build(): Promise<BuildInfo> {
    return this.#get('api/build');
  }

  readonly point = (lon: number, lat: number, signal?: AbortSignal): Promise<PointAnswer> =>
    this.#get('api/point', { lon, lat, datum: 'wgs84' }, signal);

  lines(query: Query, signal?: AbortSignal): Promise<Page<LineVerdict>> {
    return this.#get('api/lines', query, signal);
  }

  line(id: string, query: Query, signal?: AbortSignal): Promise<LineDetail> {
    return this.#get(`api/lines/${encodeURIComponent(id)}`, query, signal);
  }

  profile(id: string, query: Query, signal?: AbortSignal): Promise<Profile> {
    return this.#get(`api/lines/${encodeURIComponent(id)}/profile`, query, signal);
  }

  weakSpots(query: Query, signal?: AbortSignal): Promise<Page<WeakSpot>> {
    return this.#get('api/weak-spots', query, signal);
  }

  weakSpot(id: string, signal?: AbortSignal): Promise<WeakSpot> {
    return this.#get(`api/weak-spots/${encodeURIComponent(id)}`, {}, signal);
  }

  tiles(kind: string, layer: string[]): string {
    return this.url(`tiles/${[kind, ...layer].map(encodeURIComponent).join('/')}.json`);
  }

  async #get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const init: RequestInit = { headers: { accept: 'application/json' } };
    if (signal) init.signal = signal;
    const response = await fetch(this.url(path, query), init);
    if (!response.ok) throw new ApiError(response.status, await reason(response));
    return (await response.json()) as T;
  }
}

async function reason(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    if (typeof body.error === 'string') return body.error;
  } catch {
    // Not JSON: a proxy's page, for example. The status line says enough.
  }
  return `${response.status} ${response.statusText}`.trim();
}
