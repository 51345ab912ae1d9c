/**
 * What is to be said: kept first, then sealed, then handed in until each home has it. As `crates/client/src/message/outgoing.rs`.
 *
 * **Invariant:** nothing is sent that is not on disk: the ratchet's step and the bytes that it made are one transaction, and a repeat
 * sends the same bytes.
 * **Invariant:** what is said stays here until every recipient's home has taken or refused it.
 */

import { base64, randomName } from './bytes';
import { chainOf, headOf } from './chains';
import { Misuse, type Desk } from './desk';
import { makeReady } from './group';
import * as groups from './groups';
import { encode, HEADS_MAX, payloadOf } from './payload';
import type { Conversation } from './mls/mls.mjs';
import * as people from './people';
import { drafts, giveUp, keepDraft, sealAnew, sealed } from './queue';
import { post, Refused } from './ring';
import {
  asKey,
  changeConversation,
  changePerson,
  conversation,
  inOrder,
  isOfRoom,
  person,
  type Addressee,
  type Content,
  type Conversation as ConversationRow,
  type Head,
  type Receipt,
  type Sealed,
} from './rows';
import { add, advance, awaitLetter, expect, State } from './said';
import { tellStep } from './steps';
import type { Said, Tx } from './vault';

/** Between two tries: from the first value, doubled each time, up to the second. */
const BACK_OFF_MS = [1_000, 3_600_000] as const;
/** How many commits may have overtaken a letter that is handed in: recipients keep the keys of four epochs. */
const EPOCHS_BEHIND_MAX = 2;
/** How often what turns out to be for other devices is sealed anew at once. */
const ROUNDS_MAX = 3;
/** After how long it is tried again to let somebody in. */
const WISH_PAUSE_MS = 60_000;
/** Receipts in one message. */
const RECEIPTS_MAX = 200;

type Sealing = Awaited<ReturnType<Conversation['seal']>>;

interface Deposited {
  account: string;
  number?: number;
  code?: string;
}

/** Keeps something that is said in a conversation: it is sent by {@link push}. What comes with it is one transaction. */
export async function say(
  desk: Desk,
  id: string,
  content: Content,
  name = randomName(),
  more: (tx: Tx) => Promise<void> | void = () => undefined,
): Promise<string> {
  const payload = payloadOf(content, desk.now(), name);
  // What does not fit is refused before it is kept.
  encode(payload);
  await desk.vault.change(async (tx) => {
    if (isOfRoom(id) && !people.isIn(tx, id)) throw new Misuse('not_in_room');
    if (content.type === 'text') {
      const said: Omit<Said, 'seq'> = {
        conversation: id,
        id: name,
        sender: desk.me,
        sentMs: payload.sent_ms,
        text: content.text,
        isRead: true,
        progress: {},
        ...(content.reply_to && { replyTo: content.reply_to }),
      };
      // Asked for once more, since the answer was lost.
      if (!(await add(tx, said))) return;
      await expect(tx, id, name, people.wanted(tx, desk.me, id), State.Waiting);
      // Who answers has agreed.
      people.agree(tx, id);
      changeConversation(tx, id, { hasSpoken: true });
    }
    keepDraft(tx, id, payload);
    await more(tx);
  });
  desk.moment('said');
  return name;
}

/** Seals what waits to be sealed, and hands in what waits to be handed in and is due. Answers how much still waits. */
export async function push(desk: Desk): Promise<number> {
  await desk.vault.change((tx) => writeReceipts(tx, desk.now()));
  let mistrusted: Misuse | undefined;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    mistrusted = await sealDrafts(desk);
    desk.moment('sealed');
    if (!(await handIn(desk))) break;
  }
  if (mistrusted !== undefined) throw mistrusted;
  return desk.vault.change((tx) => drafts(tx).length + sealed(tx).length);
}

/** How long until something is due that was put off; nothing if nothing was. */
export async function untilDueMs(desk: Desk): Promise<number | undefined> {
  const due = await desk.vault.change((tx) => [
    ...sealed(tx).flatMap((one) => Object.values(one.addressees).map(({ nextMs }) => nextMs)),
    ...tx
      .all<ConversationRow>('conversation')
      .flatMap(([, row]) => [...Object.values(row.wishes).map(({ dueMs }) => dueMs), row.renewMs ?? []].flat()),
  ]);
  return due.length === 0 ? undefined : Math.max(0, Math.min(...due) - desk.now());
}

/** Answers whether somebody's chain does not hold: what is said to them waits, and keeps nothing else back. */
async function sealDrafts(desk: Desk): Promise<Misuse | undefined> {
  const now = desk.now();
  const isDue = (row: Readonly<ConversationRow>) =>
    (row.renewMs !== undefined && row.renewMs <= now) || Object.values(row.wishes).some(({ dueMs }) => dueMs <= now);
  let mistrusted: Misuse | undefined;
  const waiting = await desk.vault.change((tx) => {
    const due = tx.all<ConversationRow>('conversation').filter(([, row]) => isDue(row));
    return new Set([...drafts(tx).map((draft) => draft.conversation), ...due.map(([id]) => id)]);
  });
  for (const id of waiting) {
    try {
      const readiness = await makeReady(desk, id);
      if (readiness === 'ready') await seal(desk, id);
      if (readiness === 'out') {
        // What was said before, the leave-taking too, goes while this device is in the group.
        await seal(desk, id);
        await desk.vault.change((tx) => giveUp(tx, id, 'not_found'));
      }
    } catch (error) {
      if (error instanceof Misuse && error.code === 'mistrusted') {
        mistrusted = error;
      } else if (error instanceof Refused && isFinal(error.code)) {
        await desk.vault.change(async (tx) => {
          if (isOfRoom(id)) await people.part(tx, desk.now(), desk.me, id, 'removed', desk.me, desk.me);
          await giveUp(tx, id, error.code ?? '');
        });
      } else {
        throw error;
      }
    }
    await desk.vault.change(async (tx) => {
      const group = await groups.current(tx, id);
      if (group !== undefined) people.fulfil(tx, id, groups.accounts(group));
      const { renewMs, ...of } = conversation(tx, id) ?? {};
      if (renewMs !== undefined && renewMs <= now) tx.put('conversation', id, of);
      // Who could not be let in now is tried again later.
      const wishes = Object.entries(conversation(tx, id)?.wishes ?? {});
      if (!wishes.some(([, { dueMs }]) => dueMs <= now)) return;
      const later = wishes.map(([account, wish]) => [
        account,
        wish.dueMs <= now ? { ...wish, dueMs: now + WISH_PAUSE_MS } : wish,
      ]);
      changeConversation(tx, id, { wishes: Object.fromEntries(later) as ConversationRow['wishes'] });
    });
  }
  return mistrusted;
}

/** Seals what waits for a conversation, in its order. */
async function seal(desk: Desk, id: string): Promise<void> {
  await desk.vault.change(async (tx) => {
    const found = await groups.writable(tx, id);
    if (found === undefined || found.pending !== undefined) return;
    let group: Conversation = found;
    const device = await groups.device(tx);
    const others = group.members().filter(([, member]: [string, string]) => member !== device.id);
    const accounts = inOrder(others.map(([account]: [string, string]) => account));
    const isHeldBack = accounts.some((account) => person(tx, account).verified === 2);
    const waiting = drafts(tx, id);
    if (accounts.length === 0 || isHeldBack || waiting.length === 0) return;
    groups.step(tx);
    const heads = shuffled([...new Set([...accounts, desk.me])].flatMap((account) => headOf(tx, account) ?? []));
    for (const { seq, whom, payload } of waiting) {
      const made: Sealing = await group.seal(encode({ ...payload, heads: heads.slice(0, HEADS_MAX) }));
      group = made.conversation;
      if (payload.content.type === 'text') await expect(tx, id, payload.id, accounts, State.Waiting);
      // This person's other devices hear of everything.
      const concerned = accounts.filter((account) => account === desk.me || whom === undefined || whom === account);
      const addressees = concerned.map((account) => [
        account,
        { devices: chainOf(tx, account).links.length, tries: 0, nextMs: 0 },
      ]);
      const { generation, number: epoch } = group.epoch();
      tx.delete('draft', asKey(seq));
      if (addressees.length === 0) continue;
      const one: Sealed = {
        seq,
        conversation: id,
        payload,
        ...(whom !== undefined && { whom }),
        letter: randomName(),
        generation,
        epoch,
        body: base64(made.bytes),
        addressees: Object.fromEntries(addressees) as Record<string, Addressee>,
      };
      tx.put('sealed', asKey(seq), one);
    }
    groups.store(tx, id, group);
  });
}

/** Hands in what is due. Answers whether something has to be sealed anew. */
async function handIn(desk: Desk): Promise<boolean> {
  const now = desk.now();
  const due = await desk.vault.change((tx) =>
    sealed(tx).filter((one) => Object.values(one.addressees).some(({ nextMs }) => nextMs <= now)),
  );
  if (due.length === 0) return false;
  if (!(await tellStep(desk))) return true;
  let isAnyAnew = false;
  for (const one of due) isAnyAnew = (await handInOne(desk, one.seq)) || isAnyAnew;
  return isAnyAnew;
}

async function handInOne(desk: Desk, seq: number): Promise<boolean> {
  const found = await desk.vault.change(async (tx) => {
    const one = tx.get<Sealed>('sealed', asKey(seq));
    if (one === undefined) return undefined;
    const at = (await groups.current(tx, one.conversation))?.epoch();
    const isLate = at !== undefined && (at.generation > one.generation || at.number > one.epoch + EPOCHS_BEHIND_MAX);
    if (isLate) {
      sealAnew(tx, one);
      return 'anew' as const;
    }
    // Nothing overtakes what was said before to the same person.
    const earlier = sealed(tx).filter((other) => other.conversation === one.conversation && other.seq < seq);
    const isFirst = (account: string) => !earlier.some(({ addressees }) => account in addressees);
    const accounts = Object.entries(one.addressees).filter(
      ([account, { nextMs }]) => nextMs <= desk.now() && isFirst(account),
    );
    return { one, accounts };
  });
  if (found === undefined) return false;
  if (found === 'anew') return true;
  const { one, accounts } = found;
  if (accounts.length === 0) return false;
  const { letter: id, conversation: of, generation, epoch, body } = one;
  const recipients = accounts.map(([account, { devices }]) => ({ account, devices }));
  const ask = post('/api/tertulia/v1/messages', { id, conversation: of, generation, epoch, recipients, body });
  let failure: unknown;
  const answers = await desk.ring.ask<Deposited[]>(ask).catch((error: unknown): Deposited[] => {
    failure = error;
    return [];
  });
  desk.moment('handed-in');
  const isAnew = await desk.vault.change((tx) =>
    noteAnswers(
      desk,
      tx,
      seq,
      recipients.map(({ account }) => account),
      answers,
    ),
  );
  desk.moment('noted');
  if (failure !== undefined) throw failure;
  return isAnew;
}

/** Writes down what homes have said to a letter. Answers whether it has to be sealed anew. */
async function noteAnswers(
  desk: Desk,
  tx: Tx,
  seq: number,
  accounts: string[],
  answers: Deposited[],
): Promise<boolean> {
  const one = tx.get<Sealed>('sealed', asKey(seq));
  if (one === undefined) return false;
  const left = { ...one.addressees };
  let isAnew = false;
  for (const account of accounts) {
    const before = left[account];
    if (before === undefined) continue;
    const answer = answers.find((candidate) => candidate.account === account);
    if (answer?.number !== undefined || (answer !== undefined && isFinal(answer.code))) {
      delete left[account];
      if (one.payload.content.type !== 'text') continue;
      const state = answer.number === undefined ? State.Refused : State.AtHome;
      await advance(tx, one.conversation, one.payload.id, account, state, answer.code);
      // This person's other devices get it from their own home, and nobody waits for them.
      if (state !== State.AtHome || account === desk.me) continue;
      const { conversation: of, letter, payload } = one;
      awaitLetter(tx, { conversation: of, message: payload.id, account, letter, sentMs: payload.sent_ms });
    } else if (answer?.code === 'stale_devices') {
      changePerson(tx, account, { checkedMs: 0 });
      isAnew = true;
    } else {
      left[account] = { ...before, tries: before.tries + 1, nextMs: desk.now() + pauseMs(before.tries) };
    }
  }
  const after = { ...one, addressees: left };
  if (isAnew) sealAnew(tx, after);
  else if (Object.keys(left).length === 0) tx.delete('sealed', asKey(seq));
  else tx.put('sealed', asKey(seq), after);
  return isAnew;
}

/** A home has not taken a letter: it is asked again after a while, longer each time. */
export function pauseMs(tries: number, drawn = Math.random()): number {
  const [first, last] = BACK_OFF_MS;
  const pause = Math.min(first * 2 ** Math.min(tries, 20), last);
  return Math.floor(pause * (0.5 + drawn));
}

/** Makes drafts of what senders have yet to be told. Only the sender hears of it. */
function writeReceipts(tx: Tx, nowMs: number): void {
  const of = new Map<string, { receipt: Receipt; messages: string[] }>();
  for (const [key, receipt] of tx.all<Receipt>('receipt')) {
    const { conversation: id, sender, isRead, message } = receipt;
    // A stranger hears of nothing before the person has agreed.
    if (conversation(tx, id)?.askedBy !== undefined) continue;
    const kind = `${id} ${sender} ${isRead}`;
    const known = of.get(kind) ?? { receipt, messages: [] as string[] };
    known.messages.push(message);
    of.set(kind, known);
    tx.delete('receipt', key);
  }
  const told = [...of.values()].sort((one, other) => Number(one.receipt.isRead) - Number(other.receipt.isRead));
  for (const { receipt, messages } of told) {
    for (let at = 0; at < messages.length; at += RECEIPTS_MAX) {
      const kind = receipt.isRead ? 'read' : 'delivered';
      const content: Content = { type: 'receipt', kind, of: messages.slice(at, at + RECEIPTS_MAX) };
      keepDraft(tx, receipt.conversation, payloadOf(content, nowMs), receipt.sender);
    }
  }
}

/** In a big room each message takes some of the heads along. */
function shuffled(heads: Head[]): Head[] {
  return heads
    .map((head) => [Math.random(), head] as const)
    .sort(([one], [other]) => one - other)
    .map(([, head]) => head);
}

/** Whether asking again would bring the same answer. */
function isFinal(code: string | undefined): boolean {
  return code === 'not_found' || code === 'blocked' || code === 'invalid' || code === 'forbidden';
}
