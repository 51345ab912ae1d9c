/**
 * Who is in a conversation, as this device knows it: as `crates/client/src/message/people.rs`.
 *
 * **Invariant:** no home is asked who is in a conversation: it could name anybody.
 */

import { digits, randomName, sha256, utf8 } from './bytes';
import { chainOf } from './chains';
import { Misuse } from './desk';
import { payloadOf } from './payload';
import { keepDraft } from './queue';
import {
  changeConversation,
  changePerson,
  conversation,
  inOrder,
  isOfRoom,
  newConversation,
  type Contact,
  type Conversation,
} from './rows';
import { add } from './said';
import type { Tx } from './vault';

export type Event = 'began' | 'added' | 'removed' | 'left' | 'renamed';

/** The conversation of two people. */
export async function ofTwo(one: string, other: string): Promise<string> {
  const [first, second] = BigInt(one) < BigInt(other) ? [one, other] : [other, one];
  const hash = await sha256(utf8(`tertulia conversation\n${first}\n${second}\n`));
  return `00${digits(hash.subarray(0, 15))}`;
}

/** The conversation of a room, of a name drawn at random. */
export function ofRoom(random: string): string {
  const first = Number.parseInt(random.slice(0, 2), 16) | 1;
  return first.toString(16).padStart(2, '0') + random.slice(2);
}

/** A conversation of two is kept from now on; a new one is asked for, if a stranger has begun it. */
export async function remember(tx: Tx, me: string, other: string, askedBy?: string): Promise<string> {
  if (me === other) throw new Misuse('to_oneself');
  const id = await ofTwo(me, other);
  meet(tx, other);
  const asked = askedBy === undefined ? {} : { askedBy };
  if (conversation(tx, id) === undefined) tx.put('conversation', id, newConversation(id, { other, ...asked }));
  return id;
}

/** A room that this person is in from now on, with those whom they found there; asked by whom, if a stranger has let them in. */
export function rememberRoom(
  tx: Tx,
  id: string,
  name: string | undefined,
  people: Iterable<string>,
  askedBy?: string,
): void {
  const members = inOrder(people);
  members.forEach((account) => meet(tx, account));
  const { askedBy: _, ...before } = conversation(tx, id) ?? newConversation(id, name === undefined ? {} : { name });
  tx.put('conversation', id, {
    ...before,
    members,
    wishes: {},
    isLeft: false,
    ...(askedBy !== undefined && { askedBy }),
  });
}

/** Whether the person knows somebody, as far as that stands here: they are a contact, or the person has written to them. */
export async function knows(tx: Tx, me: string, other: string): Promise<boolean> {
  if (tx.get<Contact>('contact', other)?.isRemoved === false) return true;
  return conversation(tx, await ofTwo(me, other))?.hasSpoken ?? false;
}

/** The person agrees to a conversation. */
export function agree(tx: Tx, id: string): void {
  const of = conversation(tx, id);
  if (of?.askedBy === undefined) return;
  const { askedBy: _, ...agreed } = of;
  tx.put('conversation', id, agreed);
}

/** The person agrees to all that somebody asks for. */
export function agreeToAllOf(tx: Tx, account: string): void {
  for (const [id, row] of tx.all<Conversation>('conversation')) if (row.askedBy === account) agree(tx, id);
}

/**
 * This device has changed the group. Of whose devices none is in it now although nobody wants them out, there was no key package to let
 * them in with: they stay people of the room, and are let in later.
 */
export function awaitMissing(tx: Tx, nowMs: number, id: string, group: readonly string[]): void {
  const of = conversation(tx, id);
  if (!isOfRoom(id) || of === undefined || of.isLeft) return;
  for (const account of of.members.filter((member) => !group.includes(member))) {
    const hasDevices = Object.keys(chainOf(tx, account).live).length > 0;
    if (hasDevices && of.wishes[account]?.isIn !== false) wish(tx, id, account, true, nowMs);
  }
}

/** Of whom only the account is known: their nick is asked for with the next delivery. */
export function meet(tx: Tx, account: string): void {
  if (tx.get('person', account) === undefined) changePerson(tx, account, {});
}

/** Whether the person is in a room. */
export function isIn(tx: Tx, id: string): boolean {
  return conversation(tx, id)?.isLeft === false;
}

/** Whose devices the group of a conversation ought to have. */
export function wanted(tx: Tx, me: string, id: string): string[] {
  const of = conversation(tx, id);
  if (of === undefined) return [me];
  if (!isOfRoom(id)) return inOrder(of.other === undefined ? [me] : [of.other, me]);
  const wishes = Object.entries(of.wishes);
  const coming = wishes.filter(([, wish]) => wish.isIn).map(([account]) => account);
  const going = wishes.filter(([, wish]) => !wish.isIn).map(([account]) => account);
  return inOrder([...of.members, ...coming].filter((account) => !going.includes(account)));
}

/** Somebody is to be let in or put out. */
export function wish(tx: Tx, id: string, account: string, isWishedIn: boolean, dueMs: number): void {
  const wishes = conversation(tx, id)?.wishes ?? {};
  changeConversation(tx, id, { wishes: { ...wishes, [account]: { isIn: isWishedIn, dueMs } } });
}

/** Forgets the wishes that the group has made true. */
export function fulfil(tx: Tx, id: string, group: readonly string[]): void {
  const wishes = Object.entries(conversation(tx, id)?.wishes ?? {});
  const left = wishes.filter(([account, { isIn: isWishedIn }]) => group.includes(account) !== isWishedIn);
  if (left.length < wishes.length) changeConversation(tx, id, { wishes: Object.fromEntries(left) });
}

/** The group has changed by somebody's doing: who is in the room now. */
export async function follow(
  tx: Tx,
  nowMs: number,
  me: string,
  id: string,
  by: string,
  group: readonly string[],
): Promise<void> {
  const of = conversation(tx, id);
  if (!isOfRoom(id) || of === undefined || of.isLeft) return;
  const leaving = Object.entries(of.wishes)
    .filter(([, { isIn: isWishedIn }]) => !isWishedIn)
    .map(([account]) => account);
  const newcomers = group.filter((account) => !of.members.includes(account) && !leaving.includes(account));
  for (const account of newcomers) {
    meet(tx, account);
    const members = inOrder([...(conversation(tx, id)?.members ?? []), account]);
    changeConversation(tx, id, { members });
    await note(tx, nowMs, id, 'added', by, account);
  }
  for (const account of of.members.filter((member) => !group.includes(member))) {
    // Who has no device at all at the moment is in nevertheless, and who could not be let in with the others.
    const hasDevices = Object.keys(chainOf(tx, account).live).length > 0;
    const isAwaited = of.wishes[account]?.isIn === true;
    if (leaving.includes(account) || (hasDevices && !isAwaited)) await part(tx, nowMs, me, id, 'removed', by, account);
  }
  fulfil(tx, id, group);
  // Whoever lets somebody in tells them what the room is called.
  if (newcomers.length > 0 && by === me && of.name !== undefined) {
    keepDraft(tx, id, payloadOf({ type: 'room_name', name: of.name }, nowMs));
  }
}

/** Somebody is out of the room; if it is this person, for good until they are let in again. */
export async function part(
  tx: Tx,
  nowMs: number,
  me: string,
  id: string,
  event: Event,
  by: string,
  who: string,
): Promise<void> {
  const members = conversation(tx, id)?.members ?? [];
  if (members.includes(who)) {
    changeConversation(tx, id, { members: members.filter((member) => member !== who) });
    await note(tx, nowMs, id, event, by, who);
  }
  if (who === me) changeConversation(tx, id, { isLeft: true, wishes: {} });
}

/** A room is called so from now on. */
export async function rename(tx: Tx, nowMs: number, id: string, by: string, name: string): Promise<void> {
  const before = conversation(tx, id);
  if (before === undefined || before.name === name) return;
  changeConversation(tx, id, { name });
  if (before.name !== undefined) await note(tx, nowMs, id, 'renamed', by, undefined, name);
}

/** What happened, for people to read among what was said. */
export async function note(
  tx: Tx,
  nowMs: number,
  id: string,
  event: Event,
  by: string,
  subject?: string,
  text = '',
): Promise<void> {
  const what = { conversation: id, id: randomName(), sender: by, sentMs: nowMs, text, isRead: true, event };
  await add(tx, { ...what, ...(subject !== undefined && { subject }) });
}
