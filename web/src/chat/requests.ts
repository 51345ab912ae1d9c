/**
 * Strangers: who is neither a contact, nor followed, nor was written to, asks for a conversation by beginning it, or by letting the person
 * into a room. It stands apart from the others until the person agrees. As `crates/client/src/message/requests.rs`.
 *
 * **Invariants**
 * - Before that, nobody there learns that anything came, or was read.
 * - What is kept of one request is bounded; how much a stranger leaves at home, the home bounds.
 * - Who is refused is blocked: their home and the person's take nothing more.
 */

import type { Desk } from './desk';
import { payloadOf } from './payload';
import * as people from './people';
import { keepDraft } from './queue';
import { get, post, Refused, Unreachable } from './ring';
import { changeConversation, conversation, isOfRoom, type Conversation, type Letter, type Receipt } from './rows';
import type { Tx } from './vault';

/** Texts of one request that are kept. Who has not been answered has no reason to say more. */
const TEXTS_MAX = 100;

interface Relationship {
  following: boolean;
  blocking: boolean;
}

/** Who asks for a new conversation: nobody, if the person knows who has begun it. */
export async function weigh(desk: Desk, id: string, by: string): Promise<string | undefined> {
  const isKnown = await desk.vault.change(
    async (tx) => conversation(tx, id) !== undefined || (await people.knows(tx, desk.me, by)),
  );
  return isKnown || (await isFollowed(desk, by)) ? undefined : by;
}

/** Whether the person follows somebody. */
export async function isFollowed(desk: Desk, account: string): Promise<boolean> {
  return (await relation(desk, account))?.following ?? false;
}

/** Nothing if nobody knows them any more. */
async function relation(desk: Desk, account: string): Promise<Relationship | undefined> {
  const ask = get('/api/v1/accounts/relationships', { 'id[]': account });
  return desk.ring.ask<Relationship[]>(ask).then(
    ([found]) => found,
    (error: unknown) => {
      if (error instanceof Refused) return undefined;
      throw error;
    },
  );
}

/** Whether a conversation is one that a stranger asks for: with texts, or a room that the person is in. */
export function isOpen(row: Readonly<Conversation>): boolean {
  return row.askedBy !== undefined && !row.isLeft && (row.other === undefined || row.count > 0);
}

/** Whom the person follows by now, or has blocked elsewhere, does not ask any more. */
export async function weighAll(desk: Desk): Promise<void> {
  const open = await desk.vault.change((tx) => tx.all<Conversation>('conversation').filter(([, row]) => isOpen(row)));
  for (const [id, { askedBy }] of open) {
    let now: Relationship | undefined;
    try {
      now = await relation(desk, askedBy as string);
    } catch (error) {
      if (error instanceof Unreachable) return;
      throw error;
    }
    await desk.vault.change(async (tx) => {
      if (now?.following) people.agree(tx, id);
      else if (now?.blocking) await forget(tx, id);
    });
  }
}

/** Agrees to a conversation, or to be in a room: senders are told from now on. */
export async function accept(desk: Desk, id: string): Promise<void> {
  await desk.vault.change((tx) => people.agree(tx, id));
}

/** Refuses it: who has asked is blocked, a room is left, and what was said is removed. */
export async function refuse(desk: Desk, id: string): Promise<void> {
  const asker = await desk.vault.change((tx) => conversation(tx, id)?.askedBy);
  if (asker === undefined) return;
  await desk.ring.ask(post(`/api/v1/accounts/${asker}/block`));
  await desk.vault.change(async (tx) => {
    if (isOfRoom(id) && people.isIn(tx, id)) {
      keepDraft(tx, id, payloadOf({ type: 'left' }, desk.now()));
      await people.part(tx, desk.now(), desk.me, id, 'left', desk.me, desk.me);
    }
    await forget(tx, id);
  });
}

/** Whether no more texts of a request are kept. */
export function isFull(tx: Tx, id: string): boolean {
  const of = conversation(tx, id);
  return of?.askedBy !== undefined && of.count >= TEXTS_MAX;
}

/** Removes what was said in a conversation that the person does not want. */
async function forget(tx: Tx, id: string): Promise<void> {
  for (const said of await tx.saidBefore(id, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER)) tx.deleteSaid(said);
  for (const [key, row] of tx.all<Receipt>('receipt')) if (row.conversation === id) tx.delete('receipt', key);
  for (const [key, row] of tx.all<Letter>('early')) if (row.conversation === id) tx.delete('early', key);
  const { last: _, ...before } = conversation(tx, id) as Conversation;
  tx.put('conversation', id, before);
  changeConversation(tx, id, { count: 0, unread: 0 });
}
