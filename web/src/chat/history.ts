/** What was said, as the person reads it. */

import type { Desk } from './desk';
import type { Event } from './people';
import { putReceipt } from './incoming';
import { isOpen } from './requests';
import { changeConversation, conversation, isOfRoom, person, type Conversation, type Contact, type Wish } from './rows';
import { progressOf, State } from './said';
import type { Said, Tx } from './vault';

export type Progress = 'waiting' | 'at_home' | 'delivered' | 'read' | 'refused' | 'expired';

export interface Message {
  id: string;
  seq: number;
  sender: string;
  /** Nothing while the nick is not known. */
  nick?: string;
  isOwn: boolean;
  sentMs: number;
  text: string;
  replyTo?: string;
  event?: Event;
  /** To whom it happened. */
  subject?: string;
  isRead: boolean;
  progress?: Progress;
}

export interface Chat {
  id: string;
  /** With whom, if it is of two. */
  other?: string;
  nick?: string;
  /** Their name, or the room's. */
  name?: string;
  isRoom: boolean;
  isLeft: boolean;
  isVerified: boolean;
  /** They have another identity than the one that was verified: nothing is sent. */
  isHeldBack: boolean;
  /** A stranger asks for it, and the person has not agreed yet. */
  isAsked: boolean;
  unread: number;
  count: number;
  last?: Message;
}

export interface Member {
  account: string;
  nick?: string;
  isOwn: boolean;
  /** What is still to come: to be let in, or to be put out. */
  wish?: boolean;
}

/** The end of the year 9999: what is said to be later was said by a clock that is wrong, or by somebody who means to. */
export const LATEST_MS = 253_402_300_799_000;

const WORDS: Record<number, Progress> = {
  [State.Waiting]: 'waiting',
  [State.AtHome]: 'at_home',
  [State.Delivered]: 'delivered',
  [State.Read]: 'read',
  [State.Refused]: 'refused',
  [-1]: 'expired',
};

/** All conversations, the one with the newest message first: those that the person has agreed to, or those that strangers ask for. */
export async function chats(desk: Desk, areAsked = false): Promise<Chat[]> {
  return desk.vault.change(async (tx) => {
    const isWanted = (row: Readonly<Conversation>) => (areAsked ? isOpen(row) : row.askedBy === undefined);
    const rows = tx
      .all<Conversation>('conversation')
      .map(([, row]) => row)
      .filter(isWanted);
    rows.sort((one, other) => (other.last ?? Number.NEGATIVE_INFINITY) - (one.last ?? Number.NEGATIVE_INFINITY));
    const all: Chat[] = [];
    for (const row of rows) {
      const said = row.last === undefined ? undefined : await tx.saidAt(row.id, row.last);
      all.push({ ...chatOf(tx, row), ...(said && { last: messageOf(desk, tx, said) }) });
    }
    return all;
  });
}

export function chatOf(tx: Tx, row: Readonly<Conversation>): Chat {
  const { id, other, name, isLeft, unread, count, askedBy } = row;
  const who = other === undefined ? undefined : person(tx, other);
  const contact = other === undefined ? undefined : tx.get<Contact>('contact', other);
  const called = isOfRoom(id) ? name : contact?.isRemoved === false && contact.name ? contact.name : who?.name;
  return {
    id,
    isRoom: isOfRoom(id),
    isLeft,
    unread,
    count,
    isVerified: who?.verified === 1,
    isHeldBack: who?.verified === 2,
    isAsked: askedBy !== undefined,
    ...(other !== undefined && { other }),
    ...(who?.nick !== undefined && { nick: who.nick }),
    ...(called !== undefined && { name: called }),
  };
}

/** The messages of a conversation before a place (or the last ones), oldest first. */
export async function page(desk: Desk, id: string, before: number | undefined, most: number): Promise<Message[]> {
  return desk.vault.change(async (tx) => {
    const found = await tx.saidBefore(id, before ?? Number.POSITIVE_INFINITY, most);
    return found.reverse().map((said) => messageOf(desk, tx, said));
  });
}

/** All of a conversation that has not been read counts as read, and its senders will be told. */
export async function read(desk: Desk, id: string): Promise<void> {
  await desk.vault.change(async (tx) => {
    let left = conversation(tx, id)?.unread ?? 0;
    let before = Number.POSITIVE_INFINITY;
    while (left > 0) {
      const found = await tx.saidBefore(id, before, 64);
      const last = found.at(-1);
      if (last === undefined) break;
      before = last.seq;
      for (const said of found.filter(({ isRead }) => !isRead)) {
        tx.putSaid({ ...said, isRead: true });
        putReceipt(tx, { conversation: id, message: said.id, sender: said.sender, isRead: true });
        left -= 1;
      }
    }
    if ((conversation(tx, id)?.unread ?? 0) > 0) changeConversation(tx, id, { unread: 0 });
  });
}

export async function members(desk: Desk, id: string): Promise<Member[]> {
  return desk.vault.change((tx) => {
    const { members: there = [], wishes = {} } = conversation(tx, id) ?? {};
    const all = [...new Set([...there, ...Object.keys(wishes)])];
    return all.map((account) => memberOf(desk, tx, account, wishes[account]));
  });
}

function memberOf(desk: Desk, tx: Tx, account: string, wish: Wish | undefined): Member {
  const { nick } = person(tx, account);
  const isOwn = account === desk.me;
  return { account, isOwn, ...(nick !== undefined && { nick }), ...(wish && !isOwn && { wish: wish.isIn }) };
}

export function messageOf(desk: Desk, tx: Tx, said: Said): Message {
  const { id, seq, sender, sentMs, text, replyTo, event, subject, isRead } = said;
  const { nick } = person(tx, sender);
  const state = progressOf(said);
  return {
    id,
    seq,
    sender,
    isOwn: sender === desk.me,
    sentMs: Math.min(sentMs, LATEST_MS),
    text,
    isRead,
    ...(nick !== undefined && { nick }),
    ...(replyTo !== undefined && { replyTo }),
    ...(event !== undefined && { event: event as Event }),
    ...(subject !== undefined && { subject: person(tx, subject).nick ?? subject }),
    ...(state !== undefined && { progress: WORDS[state] as Progress }),
  };
}
