/**
 * One writer over all tabs of a browser: whoever holds the lock opens the messages and does the work, the others ask it. When it goes, the
 * next one takes over, and is asked anew what had no answer.
 *
 * **Invariants**
 * - A key of a group is never used by two tabs: without the lock nothing is opened.
 * - What is asked twice is done once: texts and rooms come with their names, everything else is the same when it is repeated.
 */

import { Agent, type State } from './agent';
import { Misuse, type MisuseCode } from './desk';
import type { Messenger } from './messenger';
import type { Step } from './link';
import { NotACode } from './code';
import { BackupError, type BackupFault } from './backup';
import { Unfit } from './payload';
import { Unreachable } from './ring';

/** What a tab can ask for. */
interface Questions extends Omit<Messenger, 'desk' | 'close' | 'beLetIn' | 'letIn' | 'deliver' | 'untilDueMs'> {
  beLetIn(): Promise<number>;
  letIn(): Promise<number>;
  state(): Promise<State>;
  /** Says the passphrase under which this browser keeps the messages. */
  unlock(passphrase: string): Promise<void>;
}

export type Event =
  | { event: 'changed'; conversations: string[] }
  | { event: 'state'; state: State; texts: number }
  | { event: 'link'; step: Step };

type Letter =
  | { kind: 'leader' }
  | { kind: 'ask'; id: string; method: string; words: unknown[] }
  | {
      kind: 'answer';
      id: string;
      value?: unknown;
      error?: { name: string; message: string; code?: string; about?: string | number };
    }
  | { kind: 'event'; event: Event };

/** `navigator.locks`, as far as it is needed. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** What changes nothing, and needs no look at the ring behind it. */
const QUIET = new Set([
  'chats',
  'requests',
  'weighRequests',
  'page',
  'members',
  'state',
  'contacts',
  'alarms',
  'devices',
  'isDevice',
  'verification',
  'isUnderPassphrase',
]);

const LOCKED: State = { standing: 'locked', isConnected: true, waiting: 0 };

export class Tabs {
  private readonly waiting = new Map<
    string,
    { letter: Letter; settle: (letter: Letter & { kind: 'answer' }) => void }
  >();
  private readonly listeners = new Set<(event: Event) => void>();
  private readonly stop = new AbortController();
  private leading: { messenger: Messenger; agent: Agent } | undefined;
  /** This tab would do the work, and waits for the passphrase: whoever says it. */
  private waitsForPassphrase: ((asked: Letter & { kind: 'ask' }) => void) | undefined;
  private readonly ended: Promise<unknown>;

  constructor(
    private readonly channel: BroadcastChannel,
    locks: Locks,
    name: string,
    private readonly open: (passphrase?: string) => Promise<Messenger>,
  ) {
    channel.onmessage = ({ data }: MessageEvent<Letter>) => this.receive(data);
    this.ended = locks
      .request(name, { signal: this.stop.signal }, () => this.lead())
      .catch((error: unknown) => {
        if (!this.stop.signal.aborted) this.fail(error);
      });
  }

  get isLeader(): boolean {
    return this.leading !== undefined;
  }

  on(listener: (event: Event) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks whichever tab does the work. */
  ask<Method extends keyof Questions>(
    method: Method,
    ...words: Parameters<Questions[Method]>
  ): Promise<Awaited<ReturnType<Questions[Method]>>> {
    const letter: Letter & { kind: 'ask' } = { kind: 'ask', id: crypto.randomUUID(), method, words };
    return new Promise((resolve, reject) => {
      const settle = ({ value, error }: Letter & { kind: 'answer' }) => {
        this.waiting.delete(letter.id);
        if (error === undefined) resolve(value as never);
        else reject(revived(error));
      };
      this.waiting.set(letter.id, { letter, settle });
      this.dispatch(letter);
    });
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.ended;
    for (const { settle } of [...this.waiting.values()]) settle({ kind: 'answer', id: '', error: told(new Error('the page was closed')) });
    this.channel.close();
  }

  private dispatch(letter: Letter & { kind: 'ask' }): void {
    if (this.leading !== undefined) void this.serve(letter);
    else if (this.waitsForPassphrase === undefined) this.channel.postMessage(letter);
    else this.serveLocked(letter);
  }

  private async lead(): Promise<void> {
    if (this.stop.signal.aborted) return;
    const messenger = await this.unlocked();
    if (messenger === undefined || this.stop.signal.aborted) return messenger?.close();
    const agent = new Agent(messenger, (state, texts) => this.tell({ event: 'state', state, texts }));
    messenger.desk.vault.onChange((conversations) => {
      if (conversations.size > 0) this.tell({ event: 'changed', conversations: [...conversations] });
    });
    this.leading = { messenger, agent };
    agent.begin();
    this.channel.postMessage({ kind: 'leader' } satisfies Letter);
    for (const { letter } of [...this.waiting.values()]) if (letter.kind === 'ask') this.dispatch(letter);
    await new Promise<void>((resolve) => this.stop.signal.addEventListener('abort', () => resolve()));
    this.leading = undefined;
    await agent.end();
    messenger.close();
  }

  /** Opens the messages: what lies under a passphrase, when a tab has said it. */
  private async unlocked(): Promise<Messenger | undefined> {
    let asked: (Letter & { kind: 'ask' }) | undefined;
    while (!this.stop.signal.aborted) {
      try {
        const messenger = await this.open(asked?.words[0] as string | undefined);
        if (asked !== undefined) this.answer({ kind: 'answer', id: asked.id });
        return messenger;
      } catch (error) {
        if (!(error instanceof Misuse && (error.code === 'locked' || error.code === 'wrong_passphrase'))) throw error;
        if (asked !== undefined) this.answer({ kind: 'answer', id: asked.id, error: told(error) });
      }
      asked = await new Promise((resolve) => {
        this.stop.signal.addEventListener('abort', () => resolve(undefined));
        this.waitsForPassphrase = resolve;
        this.channel.postMessage({ kind: 'leader' } satisfies Letter);
        this.tell({ event: 'state', state: LOCKED, texts: 0 });
        for (const { letter } of [...this.waiting.values()]) if (letter.kind === 'ask') this.serveLocked(letter);
      });
      this.waitsForPassphrase = undefined;
    }
    return undefined;
  }

  /** Everything but these two waits. */
  private serveLocked(letter: Letter & { kind: 'ask' }): void {
    if (letter.method === 'unlock') this.waitsForPassphrase?.(letter);
    if (letter.method === 'state') this.answer({ kind: 'answer', id: letter.id, value: LOCKED });
  }

  private fail(error: unknown): void {
    for (const { settle } of [...this.waiting.values()]) settle({ kind: 'answer', id: '', error: told(error) });
    this.tell({
      event: 'state',
      state: { standing: 'failed', isConnected: false, waiting: 0, why: String(error) },
      texts: 0,
    });
  }

  private receive(letter: Letter): void {
    if (letter.kind === 'event') this.hear(letter.event);
    if (letter.kind === 'answer') this.waiting.get(letter.id)?.settle(letter);
    if (letter.kind === 'ask' && this.leading !== undefined) void this.serve(letter);
    else if (letter.kind === 'ask' && this.waitsForPassphrase !== undefined) this.serveLocked(letter);
    if (letter.kind === 'leader') for (const one of this.waiting.values()) this.channel.postMessage(one.letter);
  }

  private async serve({ id, method, words }: Letter & { kind: 'ask' }): Promise<void> {
    const { leading } = this;
    if (leading === undefined) return;
    let answer: Letter & { kind: 'answer' };
    try {
      answer = { kind: 'answer', id, value: await this.work(leading, method, words) };
    } catch (error) {
      answer = { kind: 'answer', id, error: told(error) };
    }
    if (!QUIET.has(method)) leading.agent.nudge();
    this.answer(answer);
  }

  private answer(answer: Letter & { kind: 'answer' }): void {
    const own = this.waiting.get(answer.id);
    if (own !== undefined) own.settle(answer);
    else if (!this.stop.signal.aborted) this.channel.postMessage(answer);
  }

  private async work(
    { messenger, agent }: { messenger: Messenger; agent: Agent },
    method: string,
    words: unknown[],
  ): Promise<unknown> {
    const linking = (step: Step) => this.tell({ event: 'link', step });
    if (method === 'state') return agent.state;
    // Somebody was faster.
    if (method === 'unlock') return undefined;
    if (method === 'beLetIn') return messenger.beLetIn(linking, this.stop.signal);
    if (method === 'letIn') return messenger.letIn(linking);
    const works = (messenger as unknown as Record<string, (...words: unknown[]) => Promise<unknown>>)[method];
    if (typeof works !== 'function') throw new TypeError(`nobody knows how to ${method}`);
    return works.apply(messenger, words);
  }

  private tell(event: Event): void {
    if (!this.stop.signal.aborted) this.channel.postMessage({ kind: 'event', event } satisfies Letter);
    this.hear(event);
  }

  private hear(event: Event): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** An error, as it goes from tab to tab. */
function told(error: unknown): (Letter & { kind: 'answer' })['error'] & object {
  if (error instanceof Misuse)
    return { name: 'Misuse', message: error.message, code: error.code, ...(error.about && { about: error.about }) };
  if (error instanceof NotACode)
    return { name: 'NotACode', message: error.message, ...(error.group && { about: error.group }) };
  if (error instanceof BackupError) return { name: 'BackupError', message: error.message, code: error.code };
  if (error instanceof Unfit) return { name: 'Unfit', message: error.message };
  if (error instanceof Unreachable) return { name: 'Unreachable', message: error.message };
  return { name: 'Error', message: error instanceof Error ? error.message : String(error) };
}

function revived({ name, message, code, about }: ReturnType<typeof told>): Error {
  switch (name) {
    case 'Misuse':
      return new Misuse(code as MisuseCode, about as string | undefined);
    case 'NotACode':
      return new NotACode(about as number | undefined);
    case 'BackupError':
      return new BackupError(code as BackupFault);
    case 'Unfit':
      return new Unfit(message);
    case 'Unreachable':
      return new Unreachable(message);
    default:
      return new Error(message);
  }
}
