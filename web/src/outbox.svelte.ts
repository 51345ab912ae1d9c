// Dweets that were written and are on their way: kept until the ring has them, sent when it can be reached, each once.
//
// Invariant: a dweet is kept before it is sent, and forgotten only after the ring has answered.
// Invariant: each is sent under one key, which the ring remembers for a day. What was tried and has waited longer is not sent
// again by itself: it might be there already.
import { api, newKey, Trouble, type Status } from './api';
import { session } from './session.svelte';
import { all, put, remove } from './store';

export interface Letter {
  key: string;
  /** Whose it is. */
  account: string;
  text: string;
  warning: string;
  visibility: 'public' | 'unlisted' | 'private';
  replyTo: string | null;
  writtenAt: number;
  /** Whether it has been sent, with or without an answer. */
  wasTried: boolean;
  /** Why it will not be sent by itself. */
  refusal: { code: string; message: string } | null;
}

/** A little less than the ring remembers keys. */
const TRIED_MS_MAX = 23 * 3_600_000;
const FIRST_WAIT_MS = 2_000;
const WAIT_MS_MAX = 60_000;

let letters = $state.raw<readonly Letter[]>([]);
let isSending = $state(false);
let pending: number | undefined;
let waitMs = FIRST_WAIT_MS;
const arrived = new Set<(status: Status) => void>();

export const outbox = {
  /** One's own that wait, oldest first. */
  get letters(): readonly Letter[] {
    return letters.filter((letter) => letter.account === session.current?.id);
  },
  get isSending(): boolean {
    return isSending;
  },
  /** Told of each dweet that the ring has taken. */
  onArrival(told: (status: Status) => void): () => void {
    arrived.add(told);
    return () => arrived.delete(told);
  },
};

/** Takes what was kept by an earlier visit. */
export async function openOutbox(): Promise<void> {
  const found = (await all('outbox')).filter(isLetter).sort((a, b) => a.writtenAt - b.writtenAt);
  const there = new Set(letters.map((letter) => letter.key));
  letters = [...found.filter((letter) => !there.has(letter.key)), ...letters];
  void send();
}

function isLetter(found: unknown): found is Letter {
  const letter = found as Partial<Letter> | null;
  return typeof letter?.key === 'string' && typeof letter.account === 'string' && typeof letter.text === 'string';
}

/** Keeps a dweet, and sends it as soon as it can be. */
export async function post(written: Pick<Letter, 'text' | 'warning' | 'visibility' | 'replyTo'>): Promise<void> {
  const account = session.current?.id;
  if (!account) return;
  const letter: Letter = { ...written, key: newKey(), account, writtenAt: Date.now(), wasTried: false, refusal: null };
  letters = [...letters, letter];
  await put('outbox', letter.key, letter);
  void send();
}

/** Gives up one that waits, and answers it, so that it can be written anew. */
export async function withdraw(key: string): Promise<Letter | null> {
  const letter = letters.find((kept) => kept.key === key) ?? null;
  letters = letters.filter((kept) => kept.key !== key);
  await remove('outbox', key);
  return letter;
}

/** Sends one again that was refused, or that has waited too long: as another one. */
export async function sendAnew(key: string): Promise<void> {
  const letter = await withdraw(key);
  if (letter) await post(letter);
}

/** Sends what waits, one after another, in the order in which it was written. */
export async function send(): Promise<void> {
  if (isSending) return;
  clearTimeout(pending);
  isSending = true;
  try {
    for (;;) {
      const letter = outbox.letters.find((kept) => kept.refusal === null);
      if (!letter) return;
      if (letter.wasTried && Date.now() - letter.writtenAt > TRIED_MS_MAX) {
        await replace({ ...letter, refusal: { code: 'outbox_old', message: '' } });
        continue;
      }
      await replace({ ...letter, wasTried: true });
      const status = await api.post('/api/v1/statuses', {
        key: letter.key,
        body: {
          status: letter.text,
          spoiler_text: letter.warning,
          visibility: letter.visibility,
          ...(letter.replyTo && { in_reply_to_id: letter.replyTo }),
        },
      });
      waitMs = FIRST_WAIT_MS;
      for (const told of arrived) told(status);
      await withdraw(letter.key);
    }
  } catch (error) {
    const first = outbox.letters.find((kept) => kept.refusal === null);
    if (error instanceof Trouble && !error.passes && error.kind !== 'broken' && error.kind !== 'session' && first) {
      await replace({ ...first, refusal: { code: error.code, message: error.message } });
      pending = window.setTimeout(send, 0);
    } else {
      pending = window.setTimeout(send, waitMs);
      waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
    }
  } finally {
    isSending = false;
  }
}

async function replace(letter: Letter): Promise<void> {
  letters = letters.map((kept) => (kept.key === letter.key ? letter : kept));
  await put('outbox', letter.key, letter);
}

window.addEventListener('online', () => {
  waitMs = FIRST_WAIT_MS;
  void send();
});
