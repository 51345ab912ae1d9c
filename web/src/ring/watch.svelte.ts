// The ring, looked at again and again: its state, and what happened since the last look.
//
// Invariant: a ring that does not answer is asked ever more rarely, and a page that nobody sees asks nothing.
// Invariant: an event is told once: each look begins where the one before ended.
import { api } from '../api';
import type { RingEvent, RingStatus } from './status';

const PAUSE_MS = 3_000;
const PAUSE_MS_MAX = 60_000;
/** Events that are shown. */
const EVENTS_MAX = 50;

/** How long to wait after so many failures in a row. */
export function pause(failures: number): number {
  return Math.min(PAUSE_MS * 2 ** failures, PAUSE_MS_MAX);
}

/** What is known of the past, the newest first, and from where on to ask. */
export interface Past {
  events: readonly RingEvent[];
  next: string | undefined;
}

export interface Told {
  events: readonly RingEvent[];
  next: string;
  missed: boolean;
}

/** What happened is added; another machine's story, or one with a gap, takes the place of what was known. */
export function told(past: Past, { events, next, missed }: Told): Past {
  const newest = [...events].reverse();
  return { events: (missed ? newest : [...newest, ...past.events]).slice(0, EVENTS_MAX), next };
}

export class Watch {
  status = $state.raw<RingStatus | null>(null);
  past = $state.raw<Past>({ events: [], next: undefined });
  trouble = $state.raw<unknown>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #stopped = false;

  /** Looks until it is stopped: the answer does that. */
  start(): () => void {
    const seen = () => {
      if (!document.hidden) void this.#look();
    };
    document.addEventListener('visibilitychange', seen);
    void this.#look();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      // The document of the API calls both an object: crates/types/src/ring has the fields.
      const status = (await api.get('/api/tertulia/v1/ring', { token: null })) as unknown as RingStatus;
      const after = this.past.next;
      const answer = (await api.get('/api/tertulia/v1/ring/events', { token: null, query: { after } })) as unknown as Told;
      this.status = status;
      if (this.past.next === after) this.past = told(this.past, answer);
      this.trouble = null;
      this.#failures = 0;
    } catch (error) {
      this.trouble = error;
      this.#failures += 1;
    }
    if (this.#stopped || document.hidden || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#look(), pause(this.#failures));
  }
}
