/** What the map shows, in one value; the address bar holds it, and every part draws from it. */

export const OVERLAYS = ['predicted', 'cells', 'lines', 'segments', 'weak_spots', 'sites'] as const;
export type OverlayId = (typeof OVERLAYS)[number];

export const METRICS = ['verdict', 'rsrp', 'share', 'p', 'n'] as const;
export type Metric = (typeof METRICS)[number];

/** Figures of what is predicted. */
export const FORECASTS = ['p', 'rsrp', 'sinr'] as const;
export type Forecast = (typeof FORECASTS)[number];

export const TABS = ['layers', 'lines', 'spots'] as const;
export type Tab = (typeof TABS)[number];

export const LANGUAGES = ['zh', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Camera {
  zoom: number;
  lat: number;
  lon: number;
}

export type Selection =
  | { kind: 'cell'; id: string; lon: number; lat: number }
  | { kind: 'line'; id: string; chainage: number | null }
  | { kind: 'spot'; id: string }
  | { kind: 'site'; id: string; lon: number; lat: number };

export interface State {
  camera: Camera | null;
  operator: string;
  technology: string;
  overlays: readonly OverlayId[];
  metric: Metric;
  forecast: Forecast;
  selection: Selection | null;
  tab: Tab;
  /** Whether the side sheet is open: on a phone it covers half of the map. */
  open: boolean;
  language: Language;
}

export type Change = Partial<State>;
type Listener = (state: State, previous: State) => void;

/** Holds the state and tells its listeners of every change. */
export class Store {
  #state: State;
  readonly #listeners: Listener[] = [];
  readonly #waiting: Change[] = [];
  #telling = false;

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Change the state; a listener that changes it again waits until all have heard of the first. */
  update(change: Change): void {
    this.#waiting.push(change);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#apply(next);
    } finally {
      this.#telling = false;
    }
  }

  #apply(change: Change): void {
    const previous = this.#state;
    const next = { ...previous, ...change };
    if (same(previous, next)) return;
    this.#state = next;
    for (const listener of this.#listeners) listener(next, previous);
  }

  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
  }
}

/** Whether two states (or parts of them) hold equal values. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
