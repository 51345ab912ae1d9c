/**
 * What comes in: letters are fetched, opened and kept, and only then acknowledged. As `crates/client/src/message/incoming.rs`.
 *
 * **Invariant:** a letter's content, the ratchet's step and the place in the mailbox are one transaction; the acknowledgement comes
 * behind it.
 */

import { raise } from './alarm';
import { ofBase64, readBase64 } from './bytes';
import { askChain, compare, couldLetIn, devicesOf, freshChain, isUnreachable, lives } from './chains';
import { Misuse, type Desk } from './desk';
import * as groups from './groups';
import { Conversation, isLastResort, thawPackage, type Name } from './mls/mls.mjs';
import { stock } from './own';
import { decode } from './payload';
import * as people from './people';
import { get, post, Refused } from './ring';
import {
  asKey,
  changeConversation,
  changeOwn,
  conversation,
  inOrder,
  isOfRoom,
  own,
  type Conversation as ConversationRow,
  type Letter,
  type Package,
  type Receipt,
} from './rows';
import { isFollowed, isFull, weigh } from './requests';
import { add, advance, markRead, State } from './said';
import { leaveGroups } from './steps';
import { Overtaken, type Said, type Tx } from './vault';

/** Letters that are kept because they came too early. */
const EARLY_MAX = 1_000;
/** Within which time somebody who leaves a room is put out, or a device that was revoked: each device waits for a part of it drawn by lot. */
const PUT_OUT_MS = 10_000;
/** How long what lets a device into a group may be on its way behind the first message that was sealed there. */
const WELCOME_MS_MAX = 60_000;

interface Mailbox {
  letters: Letter[];
  top: number;
  acknowledged: number;
  packages_left: number;
}

export interface Fetched {
  letters: number;
  texts: number;
}

/** What a letter has brought: something new to read, nothing that a person reads, or it came before what it needs, and is kept. */
type Taken = 'text' | 'nothing' | 'early';

/** Why a letter has not been taken in yet, or will not be. */
type Why =
  /** Somebody's chain has to be asked for. */
  | { kind: 'chain'; account: string }
  /** It opens nothing: the person is told. */
  | { kind: 'unopened' }
  /** It is of a time whose keys are gone, or never were here: the person is told, unless it was kept as too early. */
  | { kind: 'late' }
  /** It is of no use, and nobody's fault. */
  | { kind: 'useless' }
  /** A commit of this device's own, of which it knows nothing any more. */
  | { kind: 'forgotten' }
  /** It begins a conversation, and the home has to be asked whether the person knows who that is. */
  | { kind: 'unweighed'; account: string };

/** Of whom the home was asked, and whether the person follows them. */
type Weighed = Map<string, boolean>;

type Opened = Awaited<ReturnType<Conversation['open']>>;

class Hitch extends Error {
  constructor(readonly why: Why) {
    super(why.kind);
  }
}

function hitch(kind: 'unopened' | 'late' | 'useless' | 'forgotten'): Hitch {
  return new Hitch({ kind });
}

/** Fetches all letters that wait, and keeps what they say. */
export async function fetchLetters(desk: Desk): Promise<Fetched> {
  const mine = await desk.vault.change(own);
  if (mine === undefined) throw new Misuse('no_device');
  const { device } = mine;
  const fetched = { letters: 0, texts: 0 };
  let isFirst = true;
  let waitMs = WELCOME_MS_MAX;
  for (;;) {
    const after = await position(desk);
    const mailbox = await desk.ring.ask<Mailbox>(get('/api/tertulia/v1/mailbox', { device, after })).catch(shutOut);
    desk.moment('fetched');
    if (isFirst && mailbox.acknowledged > (await position(desk))) {
      if (await hasGroups(desk)) {
        // Letters were acknowledged of which nothing is known here.
        await leaveGroups(desk);
        waitMs = 0;
      } else {
        // What came before this device was not written for it.
        await skip(desk, mailbox.acknowledged);
        continue;
      }
    }
    isFirst = false;
    for (const letter of mailbox.letters) {
      fetched.texts += await take(desk, letter);
      fetched.letters += 1;
      desk.moment('opened');
    }
    const now = await position(desk);
    if (now > mailbox.acknowledged) {
      await desk.ring.ask(post('/api/tertulia/v1/mailbox/acknowledge', { device, number: now }));
      desk.moment('acknowledged');
    }
    if (mailbox.letters.length === 0 || now >= mailbox.top) {
      // What there is behind it comes later.
      await skip(desk, Math.max(mailbox.acknowledged, mailbox.top));
      await leaveUnknownGroups(desk, waitMs);
      await stock(desk, mailbox.packages_left);
      return fetched;
    }
  }
}

/** What a home says to a device that another one of the person has shut out. */
function shutOut(error: unknown): never {
  throw error instanceof Refused && error.code === 'no_device' ? new Misuse('shut_out') : error;
}

async function hasGroups(desk: Desk): Promise<boolean> {
  return desk.vault.change((tx) => tx.all<ConversationRow>('conversation').some(([, row]) => row.generation > 0));
}

async function position(desk: Desk): Promise<number> {
  return desk.vault.change((tx) => own(tx)?.position ?? 0);
}

async function skip(desk: Desk, acknowledged: number): Promise<void> {
  await desk.vault.change((tx) => pass(tx, acknowledged));
}

/** The mailbox has been read up to there. */
function pass(tx: Tx, number: number): void {
  if (number > (own(tx)?.position ?? 0)) changeOwn(tx, { position: number });
}

/** Where people have talked for so long in a group that nothing has let this device into, the next generation is begun. */
async function leaveUnknownGroups(desk: Desk, waitMs: number): Promise<void> {
  const lastMs = desk.now() - waitMs;
  for (const [, letter] of await desk.vault.change((tx) => tx.all<Letter>('early'))) {
    const { conversation: id, generation, sender } = letter;
    const isMessage = letter.kind === 'message' && Date.parse(letter.arrived_at) <= lastMs;
    if (!isMessage || generation <= (await desk.vault.change((tx) => groups.generation(tx, id)))) continue;
    const isOfTwo = sender !== desk.me && !isOfRoom(id);
    const askedBy = isOfTwo ? await weigh(desk, id, sender) : undefined;
    await desk.vault.change(async (tx) => {
      if (isOfTwo) await people.remember(tx, desk.me, sender, askedBy);
      const of = conversation(tx, id);
      if (of !== undefined && of.spent < generation) changeConversation(tx, id, { spent: generation });
    });
  }
}

/** Takes in a letter, and what was kept because it came before this one. Answers how many texts are new. */
async function take(desk: Desk, letter: Letter): Promise<number> {
  const taken = await takeOne(desk, letter, false);
  let texts = Number(taken === 'text');
  const hasMoved = taken === 'early' ? await catchUp(desk, letter) : letter.kind !== 'message';
  if (!hasMoved) return texts;
  // The group has gone on: what was too early may open now.
  const early = await desk.vault.change((tx) => tx.all<Letter>('early').map(([, one]) => one));
  for (const one of early.filter(({ conversation: id }) => id === letter.conversation)) {
    texts += Number((await takeOne(desk, one, true)) === 'text');
  }
  return texts;
}

async function takeOne(desk: Desk, letter: Letter, isEarly: boolean): Promise<Taken> {
  const asked = new Set<string>();
  const weighed: Weighed = new Map();
  for (;;) {
    let why: Why;
    try {
      return await desk.vault.change(async (tx) => {
        const taken = await open(desk, tx, letter, weighed);
        if (isEarly && taken !== 'early') tx.delete('early', asKey(letter.number));
        pass(tx, letter.number);
        return taken;
      });
    } catch (error) {
      if (error instanceof Overtaken) continue;
      if (!(error instanceof Hitch)) throw error;
      ({ why } = error);
    }
    if (why.kind === 'unweighed') {
      weighed.set(why.account, await isFollowed(desk, why.account));
      continue;
    }
    if (why.kind === 'chain' && !asked.has(why.account)) {
      asked.add(why.account);
      const isAnswered = await askChain(desk, why.account).then(
        () => true,
        (error: unknown) => {
          // Their chain does not hold, or they are gone.
          if (error instanceof Misuse || error instanceof Refused) return false;
          throw error;
        },
      );
      if (isAnswered && letter.kind === 'welcome') await askChainsOfRoom(desk, letter.conversation);
      if (isAnswered) continue;
    }
    const isFaultOfSomebody = why.kind === 'chain' || why.kind === 'unopened' || (why.kind === 'late' && !isEarly);
    return desk.vault.change(async (tx) => {
      if (isFaultOfSomebody) raise(tx, desk.now(), 'unopened', letter.sender, letter.conversation);
      if ((isFaultOfSomebody || why.kind === 'forgotten') && letter.kind === 'commit') await leaveBehind(tx, letter);
      tx.delete('early', asKey(letter.number));
      pass(tx, letter.number);
      return 'nothing' as const;
    });
  }
}

/** Asks for what all those have said of their devices who are said to be in a room. Who is in it, the group itself says. */
async function askChainsOfRoom(desk: Desk, id: string): Promise<void> {
  if (!isOfRoom(id)) return;
  const ask = get(`/api/tertulia/v1/conversations/${id}`, { generation: 4_294_967_295 });
  const found = await desk.ring.ask<{ people: string[] }>(ask).catch((error: unknown) => {
    if (error instanceof Refused) return { people: [] };
    throw error;
  });
  for (const account of found.people) {
    await freshChain(desk, account, true).catch((error: unknown) => {
      if (isUnreachable(error)) throw error;
    });
  }
}

/** Reads the commits that a letter was written behind, from the conversation's home. Answers whether there were any. */
async function catchUp(desk: Desk, letter: Letter): Promise<boolean> {
  const id = letter.conversation;
  const group = await desk.vault.change((tx) => groups.current(tx, id));
  if (group === undefined || !group.isIn() || group.generation !== letter.generation) return false;
  const from = group.epoch();
  const ask = get(`/api/tertulia/v1/conversations/${id}`, { generation: from.generation, epoch: from.number });
  type Found = { now?: { generation: number }; commits: { generation: number; epoch: number; commit: string }[] };
  const found = await desk.ring.ask<Found>(ask).catch((error: unknown): Found => {
    if (error instanceof Refused) return { commits: [] };
    throw error;
  });
  if (groups.isLeftBehind(from.generation, found.now)) {
    await desk.vault.change((tx) => groups.leave(tx, id, from.generation));
    return false;
  }
  const commits = found.commits.filter((commit) => commit.generation === from.generation);
  for (const { epoch, commit } of commits) {
    // It is no letter of the mailbox: the place there stays.
    await takeOne(desk, { ...letter, kind: 'commit', epoch, body: commit, number: 0 }, false);
  }
  return commits.length > 0;
}

async function open(desk: Desk, tx: Tx, letter: Letter, weighed: Weighed): Promise<Taken> {
  const { conversation: id, sender, kind } = letter;
  // Nobody else has anything to say in a conversation of two.
  const isOfItsTwo = sender !== desk.me && id === (await people.ofTwo(desk.me, sender));
  if (!isOfRoom(id) && !isOfItsTwo && sender !== desk.me) throw hitch('useless');
  if (kind === 'welcome') return join(desk, tx, letter, weighed);
  const hasEntered = letter.generation <= groups.generation(tx, id);
  const group = hasEntered ? await groups.load(tx, id, letter.generation) : undefined;
  const isOwnCommit = async () =>
    kind === 'commit' && (await groups.isOwnCommit(tx, desk.now(), desk.me, id, letter.body));
  if (group === undefined) {
    if (await isOwnCommit()) return 'nothing';
    // The welcome may come later, unless this group has been left behind.
    if (!hasEntered) return keepEarly(tx, letter);
    throw hitch(kind === 'message' && sender !== desk.me ? 'unopened' : 'useless');
  }
  if (!group.isIn()) throw hitch('useless');
  const missed = new Set<string>();
  const opened: Opened = await group.open(bodyOf(letter), devicesOf(tx, missed)).catch(() => {
    const [account] = missed;
    throw account === undefined ? hitch('unopened') : new Hitch({ kind: 'chain', account });
  });
  switch (opened.opened) {
    case 'message':
      groups.store(tx, id, opened.conversation);
      return hear(desk, tx, id, groups.accounts(opened.conversation), opened.by[0], opened.payload);
    case 'changed':
      // What changes a group comes from its conversation's home.
      if (kind !== 'commit') throw hitch('unopened');
      groups.store(tx, id, opened.conversation);
      groups.enter(tx, id, opened.epoch.generation);
      await people.follow(
        tx,
        desk.now(),
        desk.me,
        id,
        opened.by[0],
        asFarAsLetIn(tx, letter, opened.by, there(opened)),
      );
      shutOutSoon(desk, tx, id, opened.conversation, opened.added);
      return 'nothing';
    case 'too_early':
      return keepEarly(tx, letter);
    case 'own':
      if (kind === 'message' || (await isOwnCommit())) return 'nothing';
      throw hitch('forgotten');
    case 'repeat':
      throw hitch('useless');
    default:
      throw hitch(kind === 'commit' ? 'useless' : 'late');
  }
}

/** Whose devices are in the group behind a commit. Whoever is put out by it sees the group as it was before. */
function there({ conversation: group, added, removed, isOwnRemoval }: Opened & { opened: 'changed' }): string[] {
  if (!isOwnRemoval) return groups.accounts(group);
  const gone = removed.map(([, device]) => device);
  const left = group.members().filter(([, device]: [string, string]) => !gone.includes(device));
  return inOrder([...left, ...added].map(([account]) => account));
}

/**
 * Of the people of a room whose devices are in its group now, those whom a device could let in: one that could not has put out whom it has put
 * out; whom it has let in counts as let in by the next one who changes the group and leaves them there.
 */
function asFarAsLetIn(tx: Tx, letter: Letter, by: Name, group: string[]): string[] {
  if (couldLetIn(tx, by, letter)) return group;
  const before = conversation(tx, letter.conversation)?.members ?? [];
  return group.filter((account) => before.includes(account));
}

/**
 * If one of these devices, which this one has found in a group, does not live any more, the group is looked at again soon. Who has not agreed to
 * a conversation does nothing in it that others would see.
 */
function shutOutSoon(desk: Desk, tx: Tx, id: string, group: Conversation, found: Name[]): void {
  if (!group.isIn() || conversation(tx, id)?.askedBy !== undefined || found.every((name) => lives(tx, name))) return;
  changeConversation(tx, id, { renewMs: desk.now() + Math.floor(Math.random() * PUT_OUT_MS) });
}

/** Goes into a group, if it is one of the people whose conversation it says to be. */
async function join(desk: Desk, tx: Tx, letter: Letter, weighed: Weighed): Promise<Taken> {
  const { conversation: id, generation } = letter;
  const known = groups.generation(tx, id);
  const there = generation === known ? await groups.current(tx, id) : undefined;
  // Unless this person was put out, or has left, and is let in once more.
  const isUsed = there !== undefined && there.isIn() && !(isOfRoom(id) && !people.isIn(tx, id));
  if (generation < known || isUsed) throw hitch('useless');
  // Who is let into a group has not begun it: another beginning was faster than this device's own.
  await groups.dropBeginning(tx, desk.now(), desk.me, id, generation);
  const device = await groups.device(tx);
  const packages = tx.all<Package>('package').flatMap(([key, { bytes, secret }]) => {
    const kept = thawPackage(device, ofBase64(bytes), { init: ofBase64(secret.init), leaf: ofBase64(secret.leaf) });
    return kept === undefined ? [] : [{ key, kept }];
  });
  const missed = new Set<string>();
  const kept = packages.map((one) => one.kept);
  const joining = [
    device,
    bodyOf(letter),
    kept,
    Uint8Array.from(pairs(id)),
    generation,
    devicesOf(tx, missed),
  ] as const;
  const joined = await Conversation.join(...joining).catch((error: Error) => {
    const [account] = missed;
    if (account !== undefined) throw new Hitch({ kind: 'chain', account });
    throw hitch(error.message.includes('for no package of this device') ? 'useless' : 'unopened');
  });
  if (joined.by === undefined) throw hitch('unopened');
  const [by] = joined.by;
  const members = groups.accounts(joined.conversation);
  const isKept = isOfRoom(id) ? people.isIn(tx, id) : conversation(tx, id) !== undefined;
  let askedBy: string | undefined;
  if (!isKept && by !== desk.me && !(await people.knows(tx, desk.me, by))) {
    if (!weighed.has(by)) throw new Hitch({ kind: 'unweighed', account: by });
    askedBy = weighed.get(by) ? undefined : by;
  }
  if (isOfRoom(id)) {
    await enterRoom(desk, tx, letter, joined.by, askedBy, members);
  } else {
    const others = members.filter((account) => account !== desk.me);
    const [other] = others;
    if (other === undefined || others.length > 1 || id !== (await people.ofTwo(desk.me, other)))
      throw hitch('unopened');
    await people.remember(tx, desk.me, other, askedBy);
  }
  const used = packages.find((one) => one.kept === joined.used);
  if (used !== undefined && !isLastResort(used.kept)) tx.delete('package', used.key);
  groups.store(tx, id, joined.conversation);
  groups.enter(tx, id, generation);
  shutOutSoon(desk, tx, id, joined.conversation, joined.conversation.members());
  return 'nothing';
}

/** Goes into a room's group. Into a room that this person is in only those let them who are in it too. */
async function enterRoom(
  desk: Desk,
  tx: Tx,
  letter: Letter,
  name: Name,
  askedBy: string | undefined,
  there: string[],
): Promise<void> {
  const id = letter.conversation;
  const [by] = name;
  if (people.isIn(tx, id)) {
    if (!conversation(tx, id)?.members.includes(by)) throw hitch('unopened');
    await people.follow(tx, desk.now(), desk.me, id, by, asFarAsLetIn(tx, letter, name, there));
    return;
  }
  if (!couldLetIn(tx, name, letter)) throw hitch('unopened');
  people.rememberRoom(tx, id, undefined, there, askedBy);
  if (by !== desk.me) await people.note(tx, desk.now(), id, 'added', by, desk.me);
}

/** Keeps what a message says. */
async function hear(
  desk: Desk,
  tx: Tx,
  id: string,
  group: string[],
  sender: string,
  bytes: Uint8Array,
): Promise<Taken> {
  const payload = decode(bytes);
  if (payload === undefined) throw hitch('unopened');
  const now = desk.now();
  compare(tx, now, payload.heads ?? []);
  if (isOfRoom(id) && !people.isIn(tx, id)) return 'nothing';
  const { content } = payload;
  switch (content.type) {
    case 'text': {
      const isOwn = sender === desk.me;
      if (isOwn) {
        people.agree(tx, id);
        changeConversation(tx, id, { hasSpoken: true });
      } else if (isFull(tx, id)) {
        return 'nothing';
      }
      // Said on another device of the person: their own home has it, as the others' homes have, or will soon.
      const others = group.filter((account) => account !== desk.me).map((account) => [account, [State.AtHome]]);
      const said: Omit<Said, 'seq'> = {
        conversation: id,
        id: payload.id,
        sender,
        sentMs: payload.sent_ms,
        text: content.text,
        isRead: isOwn,
        ...(content.reply_to && { replyTo: content.reply_to }),
        ...(isOwn && { progress: Object.fromEntries(others) as Said['progress'] & object }),
      };
      if (!(await add(tx, said))) return 'nothing';
      if (!isOwn) putReceipt(tx, { conversation: id, message: payload.id, sender, isRead: false });
      return 'text';
    }
    case 'receipt': {
      if (content.kind === 'unknown') return 'nothing';
      const state = content.kind === 'read' ? State.Read : State.Delivered;
      // Only who has agreed on another device sends receipts there.
      if (sender === desk.me) people.agree(tx, id);
      for (const message of content.of) {
        if (sender === desk.me) await settleReceipt(tx, id, message, content.kind === 'read');
        else await advance(tx, id, message, sender, state);
      }
      return 'nothing';
    }
    case 'room_name':
      if (isOfRoom(id)) await people.rename(tx, now, id, sender, content.name);
      return 'nothing';
    case 'left':
      if (!isOfRoom(id)) return 'nothing';
      await people.part(tx, now, desk.me, id, 'left', sender, sender);
      if (sender !== desk.me) people.wish(tx, id, sender, false, now + Math.floor(Math.random() * PUT_OUT_MS));
      return 'nothing';
    default:
      return 'nothing';
  }
}

export function putReceipt(tx: Tx, receipt: Receipt): void {
  tx.put('receipt', receiptKey(receipt.conversation, receipt.message, receipt.isRead), receipt);
}

function receiptKey(id: string, message: string, isRead: boolean): string {
  return `${id}-${message}-${Number(isRead)}`;
}

/** Another device of the person has told the sender already: that it was read there, it was read here too. */
async function settleReceipt(tx: Tx, id: string, message: string, isRead: boolean): Promise<void> {
  tx.delete('receipt', receiptKey(id, message, false));
  if (!isRead) return;
  tx.delete('receipt', receiptKey(id, message, true));
  await markRead(tx, id, message);
}

/**
 * A commit that counts and cannot be followed: this device is out of the group, and begins another one when it has something to say. A
 * copy in the mailbox may be a bad one; what the conversation's home itself hands out is the commit.
 */
async function leaveBehind(tx: Tx, letter: Letter): Promise<void> {
  if (letter.number !== 0) return;
  const group = await groups.load(tx, letter.conversation, letter.generation);
  if (group?.epoch().number === letter.epoch) groups.drop(tx, letter.conversation, letter.generation);
}

function keepEarly(tx: Tx, letter: Letter): Taken {
  if (letter.number === 0) throw hitch('useless');
  tx.put('early', asKey(letter.number), letter);
  const early = tx.all<Letter>('early');
  for (const [key] of early.slice(0, Math.max(0, early.length - EARLY_MAX))) tx.delete('early', key);
  return 'early';
}

/** What is in a letter; what is no base64 opens nothing. */
function bodyOf(letter: Letter): Uint8Array {
  const body = readBase64(letter.body);
  if (body === undefined) throw hitch('unopened');
  return body;
}

function pairs(name: string): number[] {
  return (name.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
