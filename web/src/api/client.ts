// Asking the ring: one function for all of its HTTP API, typed by the API's own document (schema.ts).
//
// Invariant: every request ends in bounded time, with an answer or with a Trouble that says which kind it is.
// Invariant: what might be done twice is asked once; what is safe to repeat (reading, and writing under a key) is asked again,
// at another machine if need be.
import { Entry, type Entries } from './entry';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Account = Schemas['Account'];
export type Status = Schemas['Status'];
export type Relationship = Schemas['Relationship'];
export type Notification = Schemas['Notification'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, object> ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Answer<O> = O extends { responses: { 200: { content: { 'application/json': infer T } } } } ? T : undefined;
type Body<O> = O extends { requestBody?: infer R }
  ? NonNullable<R> extends { content: infer C }
    ? C[keyof C]
    : never
  : never;

export interface Wish<B = unknown> {
  /** What stands for the names in the path. */
  at?: Record<string, string>;
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  body?: B;
  /** Makes a repeat of the request harmless. */
  key?: string;
  signal?: AbortSignal;
  /** Somebody else's session, or nobody's; one's own if not said. */
  token?: string | null;
  /** Doing it twice is doing it once: it may be repeated without a key. */
  again?: true;
  /** Goes on when the page is left. */
  keepalive?: true;
  /** For how long to wait. */
  timeMs?: number;
}

export type Kind = 'offline' | 'slow' | 'session' | 'refused' | 'busy' | 'broken';

/** What went wrong, for a program; `i18n` has the words. */
export class Trouble extends Error {
  constructor(
    readonly kind: Kind,
    /** The API's own name for it. */
    readonly code: string,
    message: string,
    /** When it may be tried again. */
    readonly afterMs = 0,
  ) {
    super(message);
    this.name = 'Trouble';
  }

  /** Whether the same request may succeed later. */
  get passes(): boolean {
    return this.kind === 'offline' || this.kind === 'slow' || this.kind === 'busy';
  }
}

/** What the client needs to know of the world around it. */
export interface World {
  fetch: typeof fetch;
  /** The page's own origin. */
  origin: string;
  entry: Entry;
  token(): string | null;
  /** The session is over: told once for each answer that says so. */
  refused(token: string): void;
  keep(entries: { version: number; urls: string[] }): void;
  /** Another machine has answered than the one before. */
  moved(): void;
  wait(ms: number): Promise<void>;
}

const TIME_MS = 15_000;
/** What answers after this was no answer from a machine that lives. */
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 400;
const VERSION = 'tertulia-entries';

export class Client {
  #fetchesEntries = false;
  #answeredAt: string | null = null;
  constructor(private readonly world: World) {}

  /** Where the API is now; with another scheme for streams. */
  get base(): string {
    return this.world.entry.base || this.world.origin;
  }

  /** The machine that was asked does not answer (a stream ended): ask another one. */
  moveOn(base: string): void {
    this.world.entry.failed(base === this.world.origin ? '' : base);
  }

  get<P extends PathOf<'get'>>(path: P, wish: Wish<never> = {}) {
    return this.#ask('get', path, wish) as Promise<Answer<Operation<P, 'get'>>>;
  }

  /** A page of a list, and where it goes on. */
  async list<P extends PathOf<'get'>>(path: P, wish: Wish<never> = {}) {
    let link: string | null = null;
    const items = (await this.#ask('get', path, wish, (headers) => (link = headers.get('link')))) as Answer<
      Operation<P, 'get'>
    >;
    return { items, next: nextOf(link) };
  }

  post<P extends PathOf<'post'>>(path: P, wish: Wish<Body<Operation<P, 'post'>>> = {}) {
    return this.#ask('post', path, wish) as Promise<Answer<Operation<P, 'post'>>>;
  }

  put<P extends PathOf<'put'>>(path: P, wish: Wish<Body<Operation<P, 'put'>>> = {}) {
    return this.#ask('put', path, wish) as Promise<Answer<Operation<P, 'put'>>>;
  }

  patch<P extends PathOf<'patch'>>(path: P, wish: Wish<Body<Operation<P, 'patch'>>> = {}) {
    return this.#ask('patch', path, wish) as Promise<Answer<Operation<P, 'patch'>>>;
  }

  delete<P extends PathOf<'delete'>>(path: P, wish: Wish<never> = {}) {
    return this.#ask('delete', path, wish) as Promise<Answer<Operation<P, 'delete'>>>;
  }

  async #ask(method: Method, path: string, wish: Wish, seen?: (headers: Headers) => void): Promise<unknown> {
    const { entry, wait } = this.world;
    const mayRepeat = method === 'get' || wish.key !== undefined || wish.again === true;
    // Each machine gets its chance, and one alone several.
    const attempts = mayRepeat ? Math.max(ATTEMPTS, entry.count) : 1;
    let pauseMs = FIRST_WAIT_MS;
    for (let attempt = 1; ; attempt += 1) {
      const base = entry.base;
      try {
        return await this.#once(base, method, path, wish, seen);
      } catch (error) {
        if (!(error instanceof Trouble) || wish.signal?.aborted) throw error;
        const isGone = error.kind === 'offline' || error.kind === 'slow';
        if (isGone) entry.failed(base);
        if (!error.passes || attempt >= attempts) throw error;
        if (!(isGone && attempt < entry.count)) {
          await wait(Math.max(pauseMs, Math.min(error.afterMs, 5_000)));
          pauseMs *= 2;
        }
      }
    }
  }

  async #once(base: string, method: Method, path: string, wish: Wish, seen?: (headers: Headers) => void) {
    const token = wish.token === undefined ? this.world.token() : wish.token;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (wish.key) headers['idempotency-key'] = wish.key;
    if (wish.body !== undefined) headers['content-type'] = 'application/json';
    const late = AbortSignal.timeout(wish.timeMs ?? TIME_MS);
    const signal = wish.signal ? AbortSignal.any([wish.signal, late]) : late;
    let answer: Response;
    let said: unknown;
    try {
      answer = await this.world.fetch(base + addressOf(path, wish), {
        method: method.toUpperCase(),
        headers,
        signal,
        keepalive: wish.keepalive ?? false,
        body: wish.body === undefined ? undefined : JSON.stringify(wish.body),
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      });
      said = await answer.json().catch((error: unknown) => {
        if (error instanceof SyntaxError) return undefined;
        throw error;
      });
    } catch (error) {
      if (wish.signal?.aborted) throw error;
      if (late.aborted) throw new Trouble('slow', 'timeout', 'no answer in time');
      throw new Trouble('offline', 'unreachable', 'the machine cannot be reached');
    }
    this.#notice(answer.headers.get(VERSION));
    if (this.#answeredAt !== null && this.#answeredAt !== base) this.world.moved();
    this.#answeredAt = base;
    if (answer.ok) {
      seen?.(answer.headers);
      return said;
    }
    const trouble = troubleOf(answer, said);
    if (trouble.code === 'no_session' && token) this.world.refused(token);
    throw trouble;
  }

  /** Another list of entry machines is current: fetched beside what goes on, and kept. */
  #notice(version: string | null) {
    if (version === null || Number(version) === this.world.entry.version || this.#fetchesEntries) return;
    this.#fetchesEntries = true;
    this.get('/api/tertulia/v1/entries', { token: null })
      .then((entries: Entries) => this.world.keep(this.world.entry.learn(this.world.origin, entries)))
      .catch(() => {})
      .finally(() => (this.#fetchesEntries = false));
  }
}

function addressOf(path: string, { at = {}, query = {} }: Wish): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? ''));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) asked.append(`${name}[]`, one);
    else if (value !== undefined) asked.set(name, String(value));
  }
  const text = asked.toString();
  return text ? `${filled}?${text}` : filled;
}

function troubleOf(answer: Response, said: unknown): Trouble {
  const { error, code } = (typeof said === 'object' && said !== null ? said : {}) as { error?: unknown; code?: unknown };
  const afterMs = Number(answer.headers.get('retry-after') ?? 0) * 1000 || 0;
  const words = typeof error === 'string' ? error : `HTTP ${answer.status}`;
  const name = typeof code === 'string' ? code : 'unknown';
  const kind: Kind =
    name === 'no_session'
      ? 'session'
      : answer.status === 429 || answer.status === 502 || answer.status === 503 || answer.status === 504
        ? 'busy'
        : answer.status >= 500
          ? 'broken'
          : 'refused';
  return new Trouble(kind, name, words, afterMs);
}

/** The `max_id` of the next page of a `Link` header. */
export function nextOf(link: string | null): string | null {
  const address = link?.match(/<([^>]*)>;\s*rel="next"/)?.[1];
  return address ? new URL(address).searchParams.get('max_id') : null;
}

/** A name for a request, by which the ring does it once. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint8Array(16)).reduce((key, byte) => key + byte.toString(16).padStart(2, '0'), '');
}
