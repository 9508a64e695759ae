/**
 * Parts of an archive by HTTP range; from a server that gives no parts, the whole archive once.
 */

import type { RangeResponse, Source } from 'pmtiles';

export class RangeSource implements Source {
  readonly #url: string;
  readonly #onWhole: () => void;
  #whole: Promise<ArrayBuffer> | null = null;

  constructor(url: string, onWhole: () => void) {
    this.#url = url;
    this.#onWhole = onWhole;
  }

  getKey(): string {
    return this.#url;
  }

  /** The archive lies under the name of its build and never changes, so no ETag is compared. */
  async getBytes(offset: number, length: number, signal?: AbortSignal): Promise<RangeResponse> {
    if (this.#whole) return { data: (await this.#whole).slice(offset, offset + length) };
    const init: RequestInit = { headers: { range: `bytes=${offset}-${offset + length - 1}` } };
    if (signal) init.signal = signal;
    const response = await fetch(this.#url, init);
    if (response.status === 206) return { data: await response.arrayBuffer() };
    if (!response.ok) throw new Error(`${this.#url}: ${response.status} ${response.statusText}`);
    return { data: (await this.#keep(response)).slice(offset, offset + length) };
  }

  /** Keep the whole archive for all that is asked of it later; a fetch that breaks off is forgotten. */
  #keep(response: Response): Promise<ArrayBuffer> {
    const whole = response.arrayBuffer();
    this.#whole ??= whole;
    whole.catch(() => {
      if (this.#whole === whole) this.#whole = null;
    });
    this.#onWhole();
    return whole;
  }
}
