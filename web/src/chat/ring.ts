/** Questions to the ring: any machine answers them. How one is reached is the page's business; what failing means is said here. */

export interface Ask {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  query?: Record<string, string | number>;
  body?: unknown;
  /** With it a repeat changes nothing twice. */
  key?: string;
}

export interface Ring {
  /** Throws {@link Refused}, {@link Unreachable} or {@link SessionEnded}. */
  ask<T>(ask: Ask): Promise<T>;
  /** Waits at the stream that tells of the mailbox: calls `heard` for each letter that came, until the stream ends or is stopped. */
  listen(heard: () => void, stop: AbortSignal): Promise<void>;
}

/** A machine said no. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    words: string,
  ) {
    super(words);
  }
}

/** No machine answered, or none had the time: asking again later, unchanged, may succeed. */
export class Unreachable extends Error {
  readonly code = 'unreachable';
  /** Whether the machine is not there at all. */
  isGone = false;
}

/** The person is not logged in any more. */
export class SessionEnded extends Error {
  readonly code = 'no_session';
}

/** Which machine is asked, and as whom. */
export interface Door {
  machine(): string;
  /** It does not answer: another one is asked from now on, if one is known. */
  failed(machine: string): void;
  token(): string | undefined;
  /** The ring does not know the session any more. */
  ended?(token: string): void;
}

const ANSWER_MS_MAX = 20_000;
/** A stream that was silent for longer is dead: machines show that they live four times a minute. */
const SILENCE_MS_MAX = 60_000;

export function get(path: string, query: Record<string, string | number> = {}): Ask {
  return { method: 'GET', path, query };
}

export function post(path: string, body: unknown = {}): Ask {
  return { method: 'POST', path, body };
}

/** A ring that is asked at its machines: at one for as long as that answers, else at each in turn. Whatever is asked may be asked twice. */
export class Machines implements Ring {
  constructor(private readonly door: Door) {}

  async ask<T>(ask: Ask): Promise<T> {
    const tried = new Set<string>();
    for (;;) {
      const [machine, token] = [this.door.machine(), this.door.token()];
      tried.add(machine);
      try {
        return await one<T>(machine, token, ask);
      } catch (error) {
        if (error instanceof SessionEnded && token !== undefined) this.door.ended?.(token);
        if (!(error instanceof Unreachable)) throw error;
        if (error.isGone) this.door.failed(machine);
        if (tried.has(this.door.machine())) throw error;
      }
    }
  }

  async listen(heard: () => void, stop: AbortSignal): Promise<void> {
    const machine = this.door.machine();
    const silence = new AbortController();
    const isSilent = () => silence.abort();
    let clock = setTimeout(isSilent, SILENCE_MS_MAX);
    try {
      const headers = { authorization: `Bearer ${this.door.token() ?? ''}`, accept: 'text/event-stream' };
      const signal = AbortSignal.any([stop, silence.signal]);
      const response = await fetch(`${machine}/api/v1/streaming/mailbox`, {
        headers,
        signal,
        cache: 'no-store',
        credentials: 'omit',
      });
      if (!response.ok || response.body === null) return;
      // What came before the stream was open is found by a look.
      heard();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(clock);
        clock = setTimeout(isSilent, SILENCE_MS_MAX);
        // An event is short, and written at once; one that comes in pieces is found by the next look.
        if (value.includes('letter')) heard();
      }
    } catch {
      // The machine has gone, or the stream was stopped.
    } finally {
      clearTimeout(clock);
      silence.abort();
    }
  }
}

async function one<T>(machine: string, token: string | undefined, ask: Ask): Promise<T> {
  const query = new URLSearchParams(Object.entries(ask.query ?? {}).map(([name, value]) => [name, String(value)]));
  const url = `${machine}${ask.path}${query.size > 0 ? `?${query}` : ''}`;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (ask.body !== undefined) headers['content-type'] = 'application/json';
  if (ask.key !== undefined) headers['idempotency-key'] = ask.key;
  const body = ask.body === undefined ? null : JSON.stringify(ask.body);
  const options = { method: ask.method, headers, body, cache: 'no-store', credentials: 'omit' } as const;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    text = await response.text();
  } catch (cause) {
    throw Object.assign(new Unreachable(`${machine} does not answer`, { cause }), { isGone: true });
  }
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new Unreachable(`${machine} does not answer as a machine of a ring does`, { cause });
  }
  if (response.ok) return answer as T;
  const said = answer as { error?: string; code?: string } | null;
  const words = said?.error ?? `status ${response.status}`;
  if (response.status === 401) throw new SessionEnded(words);
  if (response.status >= 500 || [408, 425, 429].includes(response.status)) throw new Unreachable(words);
  throw new Refused(response.status, said?.code, words);
}
