/**
 * A new device is let in by one that knows everything: `crates/client/src/message/link.rs`, to the byte, so that browser and terminal
 * let each other in.
 *
 * **Invariants**
 * - Ratchets are never copied.
 * - Boxes are handed on one after another, and each is taken in before it is emptied. Whatever breaks off can be done once more, with
 *   another code.
 */

import * as archive from './archive';
import type { Order, Page } from './archive';
import { base64, ofBase64, ofUtf8, utf8 } from './bytes';
import { randomCode, readCode, textOf, type Code } from './code';
import { askChain } from './chains';
import { Misuse, type Desk } from './desk';
import { forgetDevice, short } from './devices';
import { renewGroups } from './group';
import { fetchLetters } from './incoming';
import { deviceOf } from './mls/mls.mjs';
import { adopt, enrol, enter, openBox } from './own';
import { Pairing, type Side } from './pairing';
import { post, Refused, Unreachable, type Ask } from './ring';
import { changeOwn, counters, own } from './rows';
import { keyOfSeed, randomKey, type SigningKey } from './signing';

/** How long a code is waited for, and how long one side waits for the next sign of the other: the home keeps boxes no longer. */
const WAIT_MS_MAX = 600_000;
/** Between two looks into a box: from the first value, doubled each time, up to the second. */
const LOOK_MS = [50, 1_000] as const;
const TRIES_MAX = 5;
const TRY_AGAIN_MS = 200;
const PAGE_BYTES = 64 << 10;
const PAGE_ROWS = 100;
/** The boxes of the new device. */
const HELLO = 0;
const ENTERED = 1;

type Piece = { page: [Order, Page] } | { identity: { seed: number[]; code: string | null; backup: number } } | 'end';

/** A link that waits for the person to carry its code to the other device. */
export interface Invitation {
  code: string;
  /** The beginning of the new device's name, which the other one shows. */
  short: string;
  pairing: Pairing;
  key: SigningKey;
}

/** A new device that asks to be let in. */
export interface Guest {
  pairing: Pairing;
  computer: string;
  short: string;
  version: number;
}

export type Step = { step: 'met' } | { step: 'messages'; count: number } | { step: 'entered' };

/** Draws a code, and leaves word for the device that will be told it. A browser that was shut out becomes a new device. */
export async function invite(desk: Desk, computer: string): Promise<Invitation> {
  const chain = await askChain(desk, desk.me);
  if (Object.keys(chain.live).length === 0) throw new Misuse('no_other_device');
  let mine = await desk.vault.change(own);
  if (mine !== undefined && !(mine.device in chain.live) && mine.record === undefined) {
    await forgetDevice(desk);
    mine = undefined;
  }
  const key = mine === undefined ? await randomKey() : await keyOfSeed(ofBase64(mine.seed));
  const code = randomCode();
  const pairing = new Pairing(code, desk.me);
  await leave(desk, pairing, 'new', HELLO, { key: base64(key.public), computer });
  return { code: textOf(code), short: short(await deviceOf(key.public)), pairing, key };
}

/** Waits until the other device has agreed, takes in what it hands over, and becomes one of the person's devices. */
export async function beLetIn(
  desk: Desk,
  invitation: Invitation,
  label: string,
  told: (step: Step) => void = () => undefined,
  stop?: AbortSignal,
): Promise<number> {
  const { pairing } = invitation;
  let count = 0;
  for (let number = 0; ; number += 1) {
    const found = await waitFor<Piece>(desk, pairing, 'old', number, stop);
    if (number === 0) told({ step: 'met' });
    const piece = found.what;
    if (piece === 'end') {
      await desk.vault.change((tx) => changeOwn(tx, { isPartial: false }));
      await takeOut(desk, found);
      return count;
    }
    if ('page' in piece) {
      const [order, page] = piece.page;
      count += await desk.vault.change((tx) => archive.take(tx, page, order));
      told({ step: 'messages', count });
    } else {
      const { seed, code, backup } = piece.identity;
      await becomeOne(desk, invitation.key, Uint8Array.from(seed), label);
      await desk.vault.change((tx) => {
        changeOwn(tx, { backup: Math.max(own(tx)?.backup ?? 0, backup), ...(code !== null && { code }) });
      });
      await leave(desk, pairing, 'new', ENTERED, null);
      told({ step: 'entered' });
    }
    await takeOut(desk, found);
  }
}

async function becomeOne(desk: Desk, key: SigningKey, seed: Uint8Array, label: string): Promise<void> {
  const identity = await keyOfSeed(seed);
  const chain = await askChain(desk, desk.me);
  if (chain.identity !== base64(identity.public)) throw new Misuse('other_identity');
  await adopt(desk, key, identity, chain, label);
  await desk.vault.change((tx) => changeOwn(tx, { isPartial: true }));
  for (let tries = 0; ; tries += 1) {
    try {
      return await enter(desk);
    } catch (error) {
      if (!(error instanceof Unreachable) || tries >= TRIES_MAX) throw error;
    }
    await pause(TRY_AGAIN_MS);
  }
}

/** Looks who has drawn a code. Nobody is let in by this. */
export async function lookFor(desk: Desk, typed: string, label: string): Promise<Guest> {
  await enrol(desk, label);
  const pairing = new Pairing(readCode(typed) as Code, desk.me);
  const found = await openBox(desk.ring, pairing.name('new', HELLO));
  if (found === undefined) throw new Misuse('no_such_code');
  const { key, computer } = opened<{ key: string; computer: string }>(pairing, 'new', HELLO, found.body);
  return {
    pairing,
    computer: String(computer).slice(0, 64),
    short: short(await deviceOf(ofBase64(key))),
    version: found.version,
  };
}

/** Lets the new device in: hands over what this one knows. Answers how many groups have yet to let it in. */
export async function letIn(desk: Desk, guest: Guest, told: (step: Step) => void = () => undefined): Promise<number> {
  const { pairing } = guest;
  const mine = await desk.vault.change(own);
  if (mine === undefined) throw new Misuse('no_device');
  await takeOut(desk, { name: pairing.name('new', HELLO), version: guest.version });
  let number = 0;
  let count = 0;
  const put = async (piece: Piece) => {
    await leave(desk, pairing, 'old', number, piece);
    number += 1;
  };
  const putSaid = async (order: Order, said: archive.Page['said'][]) => {
    for (const piece of said) {
      await put({ page: [order, { people: [], chats: [], said: piece }] });
      count += piece.length;
      told({ step: 'messages', count });
    }
  };
  const [people, chats, said, newest] = await desk.vault.change(
    async (tx) => [archive.people(tx, false), archive.chats(tx), await archive.allSaid(tx), counters(tx).last] as const,
  );
  for (const some of inRows(people)) await put({ page: ['behind', { people: some, chats: [], said: [] }] });
  for (const some of inRows(chats)) await put({ page: ['behind', { people: [], chats: some, said: [] }] });
  await putSaid('before', archive.inPieces([...said].reverse(), PAGE_BYTES));
  await put({ identity: { seed: [...ofBase64(mine.identity)], code: mine.code ?? null, backup: mine.backup } });
  const entered = await waitFor<null>(desk, pairing, 'new', ENTERED);
  await takeOut(desk, entered);
  told({ step: 'entered' });
  // What was written for the devices of before has come by now.
  await askChain(desk, desk.me);
  await fetchLetters(desk);
  const later = await desk.vault.change(async (tx) => (await archive.allSaid(tx)).filter(({ seq }) => seq > newest));
  await putSaid('behind', archive.inPieces(later, PAGE_BYTES));
  await put('end');
  const waiting = await renewGroups(desk);
  await untilTaken(desk, pairing.name('old', number - 1));
  return waiting;
}

interface FoundBox<T> {
  what: T;
  name: string;
  version: number;
}

async function waitFor<T>(
  desk: Desk,
  pairing: Pairing,
  by: Side,
  number: number,
  stop?: AbortSignal,
): Promise<FoundBox<T>> {
  const name = pairing.name(by, number);
  return patiently(async () => {
    stop?.throwIfAborted();
    const found = await again(() => openBox(desk.ring, name));
    return found && { what: opened<T>(pairing, by, number, found.body), name, version: found.version };
  });
}

async function untilTaken(desk: Desk, name: string): Promise<void> {
  await patiently(async () => (await again(() => openBox(desk.ring, name))) === undefined || undefined);
}

/** Fills a box, once there is room for it. */
async function leave(desk: Desk, pairing: Pairing, by: Side, number: number, what: unknown): Promise<void> {
  const sealed = base64(pairing.seal(by, number, utf8(JSON.stringify(what))));
  const ask = post(`/api/tertulia/v1/boxes/${pairing.name(by, number)}`, { before: 0, body: sealed });
  await patiently(async () => {
    try {
      await again(() => desk.ring.ask(ask));
      return true;
    } catch (error) {
      if (error instanceof Refused && error.code === 'limit') return undefined;
      throw error;
    }
  });
}

async function takeOut(desk: Desk, { name, version }: { name: string; version: number }): Promise<void> {
  const ask: Ask = { method: 'DELETE', path: `/api/tertulia/v1/boxes/${name}`, query: { version } };
  await again(() => desk.ring.ask(ask));
}

/** The first answer that is one; a link is given up when there is none for too long. */
async function patiently<T>(look: () => Promise<T | undefined>): Promise<T> {
  const begin = Date.now();
  for (let waitMs: number = LOOK_MS[0]; Date.now() - begin < WAIT_MS_MAX; waitMs = Math.min(2 * waitMs, LOOK_MS[1])) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(waitMs);
  }
  throw new Misuse('link_broken');
}

/** A few times, when no machine answers: asking about a box twice changes nothing. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unreachable) || tries >= TRIES_MAX) throw error;
    }
    await pause(TRY_AGAIN_MS);
  }
}

function opened<T>(pairing: Pairing, by: Side, number: number, sealed: string): T {
  const plain = pairing.open(by, number, ofBase64(sealed));
  if (plain === undefined) throw new Misuse('link_broken');
  return JSON.parse(ofUtf8(plain)) as T;
}

function inRows<T>(rows: T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / PAGE_ROWS) }, (_, at) =>
    rows.slice(at * PAGE_ROWS, (at + 1) * PAGE_ROWS),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
