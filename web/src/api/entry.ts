// Which machine of the ring is asked: the one that the page came from, and when it does not answer, another one.
//
// Invariant: a pure value: no request is made here, and no clock is read.
// Deliberately absent: going back on its own. A machine that came back is asked again when the page is loaded anew, or when
// the others fail.
import type { components } from './schema';

export type Entries = components['schemas']['Entries'];

/** The page's own machine. */
export const OWN = '';

/** The machines at which the ring can be entered, as far as they are known, and the one that is asked now. */
export class Entry {
  #urls: string[];
  #at = 0;
  /** The list's version, to know when it is another one. */
  version: number | null;

  constructor(own: string, known: { version: number; urls: string[] } | null = null) {
    this.version = known?.version ?? null;
    this.#urls = [OWN, ...(known?.urls ?? []).filter((url) => url !== own)];
  }

  /** What an address of the API begins with. */
  get base(): string {
    return this.#urls[this.#at] ?? OWN;
  }

  /** How many there are to try. */
  get count(): number {
    return this.#urls.length;
  }

  /** The one that was asked did not answer: the next one is asked from now on. Whoever noticed late changes nothing. */
  failed(base: string): void {
    if (base === this.base) this.#at = (this.#at + 1) % this.#urls.length;
  }

  /**
   * Takes up a new list, and stays where it is. A page of https cannot ask a machine of http. A machine that names itself alone has just started, or is cut
   * off: the others stay for the day on which it fails.
   */
  learn(own: string, entries: Entries): { version: number; urls: string[] } {
    const base = this.base;
    const scheme = own.split(':')[0];
    const urls = entries.machines.flatMap((machine) => machine.urls).filter((url) => url.startsWith(`${scheme}:`));
    this.version = entries.version;
    const stay = entries.machines.length < 2 ? this.#urls : [base];
    this.#urls = [OWN, ...new Set([...urls.filter((url) => url !== own), ...stay.filter((url) => url !== OWN)])];
    this.#at = Math.max(0, this.#urls.indexOf(base));
    return { version: entries.version, urls: this.#urls.slice(1) };
  }
}
