// A list of dweets that grows at its end when one reads on, and at its head when one asks for what is new.
//
// Invariant: what one reads does not move: what arrives waits until it is asked for.
// Invariant: no dweet stands in it twice.
import { type Status } from '../api';
import { compare, newest } from '../id';
import { session } from '../session.svelte';
import { pause } from '../pause';
import { get, put } from '../store';
import { dweets } from './dweets.svelte';

export interface Part {
  items: Status[];
  /** Where it goes on; nowhere if null. */
  next: string | null;
}

export type Source = (before: string | null) => Promise<Part>;

/** Kept of each list for the next visit. */
const KEPT = 40;

export class Feed {
  ids = $state.raw<readonly string[]>([]);
  /** What has arrived and was not asked for yet. */
  waiting = $state.raw<readonly string[]>([]);
  state = $state<'empty' | 'loading' | 'ready' | 'failed'>('empty');
  trouble = $state.raw<unknown>(null);
  #next = $state.raw<string | null>(null);
  /** Newest parts that hang together with nothing that is shown: asked for, they take its place. */
  #isApart = false;
  #busy: Promise<void> | null = null;
  /** Whose list it is: what is answered when they have gone is not shown to whoever came, and not kept for them. */
  readonly #account = session.current?.id ?? '';

  constructor(
    readonly name: string,
    private readonly source: Source,
    private readonly isKept = true,
  ) {}

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** The first part. What was seen last time is shown until it comes. */
  async load(): Promise<void> {
    if (this.state === 'ready' || this.#busy) return this.#busy ?? undefined;
    await this.#work(async () => {
      const before = this.isKept ? ((await get('pages', this.#key)) as Part | undefined) : undefined;
      if (before && this.ids.length === 0 && this.#isTheirs) {
        dweets.add(before.items);
        this.ids = before.items.map((status) => status.id);
      }
      const part = await this.source(null);
      if (this.#isTheirs) this.#replace(part);
    });
  }

  /** The next part. */
  async more(): Promise<void> {
    const next = this.#next;
    if (next === null || this.#busy) return;
    await this.#work(async () => {
      const part = await this.source(next);
      if (!this.#isTheirs) return;
      dweets.add(part.items);
      const there = new Set(this.ids);
      this.ids = [...this.ids, ...part.items.map((status) => status.id).filter((id) => !there.has(id))];
      this.#next = part.items.length > 0 ? part.next : null;
    });
  }

  /** Tries again what failed. */
  async again(): Promise<void> {
    if (this.#next !== null) return this.more();
    this.state = 'empty';
    return this.load();
  }

  /** Looks what is new: after the stream was away, or where there is none. */
  async catchUp(): Promise<void> {
    if (this.#busy) return;
    if (this.state !== 'ready') return this.again();
    try {
      const part = await this.source(null);
      if (!this.#isTheirs) return;
      const there = new Set([...this.ids, ...this.waiting]);
      const fresh = part.items.filter((status) => !there.has(status.id));
      if (fresh.length === 0) return;
      dweets.add(part.items);
      this.#isApart = fresh.length === part.items.length && this.ids.length > 0 && part.next !== null;
      if (this.#isApart) {
        this.#apart = part;
        this.waiting = part.items.map((status) => status.id);
      } else this.waiting = [...fresh.map((status) => status.id), ...this.waiting];
    } catch {
      // The next look will tell.
    }
  }
  #apart: Part | null = null;

  /** Somebody's dweet that has just come. One's own are shown at once. */
  arrived(status: Status, atOnce = false): void {
    dweets.add([status]);
    if (this.ids.includes(status.id)) return;
    if (atOnce) {
      // The stream may have been faster than the answer.
      this.waiting = this.waiting.filter((id) => id !== status.id);
      this.ids = [status.id, ...this.ids];
      this.#keep();
    } else if (this.state === 'ready' && !this.waiting.includes(status.id)) this.waiting = [status.id, ...this.waiting];
  }

  /** Shows what waits. */
  show(): void {
    if (this.#isApart && this.#apart) this.#replace(this.#apart);
    else {
      const own = new Set(this.waiting);
      this.ids = [...[...this.waiting].sort((a, b) => compare(b, a)), ...this.ids.filter((id) => !own.has(id))];
    }
    this.waiting = [];
    this.#isApart = false;
    this.#apart = null;
    this.#keep();
  }

  gone(id: string): void {
    this.ids = this.ids.filter((shown) => shown !== id);
    this.waiting = this.waiting.filter((shown) => shown !== id);
  }

  get newest(): string | null {
    return newest(this.ids);
  }

  #replace(part: Part): void {
    dweets.add(part.items);
    this.ids = part.items.map((status) => status.id);
    this.#next = part.items.length > 0 ? part.next : null;
    // Behind what is drawn.
    void pause().then(() => this.#isTheirs && this.#keep());
  }

  #keep(): void {
    if (!this.isKept) return;
    const shown = this.ids.slice(0, KEPT).flatMap((id) => statusOf(id) ?? []);
    void put('pages', this.#key, { items: shown.slice(0, KEPT).map((status) => $state.snapshot(status)), next: this.#next });
  }

  get #key(): string {
    return `${this.#account} ${this.name}`;
  }

  get #isTheirs(): boolean {
    return this.#account === (session.current?.id ?? '');
  }

  async #work(act: () => Promise<void>): Promise<void> {
    this.state = 'loading';
    this.trouble = null;
    this.#busy = act()
      .then(() => void (this.state = 'ready'))
      .catch((error: unknown) => {
        this.state = 'failed';
        this.trouble = error;
      })
      .finally(() => (this.#busy = null));
    await this.#busy;
  }
}

function statusOf(id: string): Status | null {
  const shown = dweets.get(id);
  if (!shown) return null;
  return shown.by ? { ...shown.original, id, account: shown.by, reblog: shown.original } : shown.original;
}

const feeds = new Map<string, Feed>();

/** The list of this name: the same as long as the page is open, so that going back finds it as it was. */
export function feed(name: string, source: Source, isKept = true): Feed {
  const found = feeds.get(name) ?? new Feed(name, source, isKept);
  feeds.set(name, found);
  return found;
}

/** All lists, for what concerns each of them. */
export function everyFeed(): Iterable<Feed> {
  return feeds.values();
}

session.onEnd(() => feeds.clear());
