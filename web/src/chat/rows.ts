/**
 * What is kept, table by table: the same things as in the terminal client's database (`crates/client/src/message/*.sql`). Accounts are
 * decimal digits, names 32 hexadecimal ones, bytes base64.
 */

import type { Tx } from './vault';

/** This device: one row. */
export interface Own {
  account: string;
  device: string;
  /** The seed of its key. */
  seed: string;
  key: string;
  /** The seed of the person's identity. */
  identity: string;
  /** The statement that makes this one of the person's devices, until the ring has it. */
  record?: string;
  /** The last letter that was read. */
  position: number;
  /** When all key packages were last made anew. */
  renewedMs: number;
  /** How often the home was told that something newly sealed leaves, and the next telling until it has it. */
  steps: number;
  step?: string;
  /** Whether something may be missing of what another device hands over. */
  isPartial: boolean;
  /** What opens the person's backups, and the last one's number. */
  code?: string;
  backup: number;
  haveContactsChanged: boolean;
}

/** A key package, by its bytes' hash. */
export interface Package {
  bytes: string;
  secret: { init: string; leaf: string };
  isLastResort: boolean;
  isStocked: boolean;
  madeMs: number;
}

/** Somebody, by account. */
export interface Person {
  account: string;
  nick?: string;
  name?: string;
  /** The identity that was seen first, or accepted since. */
  identity?: string;
  /** 1: compared; 2: they had been compared, and show another identity since. */
  verified: 0 | 1 | 2;
  checkedMs: number;
  /** The identity for which the safety number was shown last. */
  shown?: string;
  /** When their home was last asked what it has let go. */
  expiredMs?: number;
}

export interface Wish {
  isIn: boolean;
  dueMs: number;
}

export interface Conversation {
  id: string;
  /** With whom, where there are two. */
  other?: string;
  name?: string;
  /** The group that is used; 0 while there is none. */
  generation: number;
  /** Up to which group nothing is written any more. */
  spent: number;
  /** Of a room: who is in it, whom it is yet to let in or put out, and whether the person is in it no more. */
  members: string[];
  wishes: Record<string, Wish>;
  isLeft: boolean;
  /** When its group is to be looked at again, since a device is in it that does not live any more. */
  renewMs?: number;
  /** Who asks for it: somebody whom the person does not know has begun it, or has let them into the room. */
  askedBy?: string;
  /** Whether the person has said something in it. */
  hasSpoken: boolean;
  /** How much was said, the place of the last thing, and how much of it is unread. */
  count: number;
  last?: number;
  unread: number;
}

/** A commit of this device that waits for its home's answer, by conversation. */
export interface PendingCommit {
  generation: number;
  epoch: number;
  body: string;
  welcome?: string;
  welcomed: string[];
  people: string[];
}

/** A group, by conversation and generation. */
export interface Group {
  group: string;
  pending?: string;
}

/** What is to be said and has not been sealed yet, by its number: the order in which it was said. */
export interface Draft {
  seq: number;
  conversation: string;
  /** Whom alone it concerns. */
  whom?: string;
  payload: Payload;
}

/** What has been sealed, by the draft's number, and to whom it must still go. */
export interface Sealed extends Draft {
  letter: string;
  generation: number;
  epoch: number;
  body: string;
  addressees: Record<string, Addressee>;
}

export interface Addressee {
  /** How many statements about devices they had made when it was sealed. */
  devices: number;
  tries: number;
  nextMs: number;
}

/** A text of one's own that lies at somebody's home, by message and account, until it is heard that it came. */
export interface Awaited {
  conversation: string;
  message: string;
  account: string;
  /** As their home calls it. */
  letter: string;
  sentMs: number;
}

/** A letter, as a mailbox hands it out. */
export interface Letter {
  number: number;
  kind: 'message' | 'commit' | 'welcome';
  sender: string;
  id: string;
  conversation: string;
  generation: number;
  epoch: number;
  body: string;
  arrived_at: string;
}

/** A message whose sender has yet to be told that it came, or that it was read. */
export interface Receipt {
  conversation: string;
  message: string;
  sender: string;
  isRead: boolean;
}

export type AlarmKind = 'new_identity' | 'other_than_verified' | 'other_history' | 'unopened' | 'older_disk' | 'older_ring';

export interface Alarm {
  kind: AlarmKind;
  account?: string;
  conversation?: string;
  atMs: number;
}

export interface Contact {
  account: string;
  name?: string;
  isRemoved: boolean;
  changedMs: number;
}

/** See `crates/crypto/src/payload.rs`. */
export interface Payload {
  id: string;
  sent_ms: number;
  heads?: Head[];
  content: Content;
}

export interface Head {
  account: string;
  sequence: number;
  link: string;
}

export type Content =
  | { type: 'text'; text: string; reply_to?: string }
  | { type: 'receipt'; kind: 'delivered' | 'read' | 'unknown'; of: string[] }
  | { type: 'typing' }
  | { type: 'room_name'; name: string }
  | { type: 'left' }
  | { type: 'contacts'; contacts: unknown[] }
  | { type: 'unknown' };

/** Numbers that grow: of drafts, and of what was said (which grows downwards too). */
export interface Counters {
  draft: number;
  last: number;
  first: number;
}

export function own(tx: Tx): Readonly<Own> | undefined {
  return tx.get<Own>('own', 'own');
}

export function changeOwn(tx: Tx, change: Partial<Own>): void {
  const before = own(tx);
  if (before !== undefined) tx.put('own', 'own', { ...before, ...change });
}

export function counters(tx: Tx): Readonly<Counters> {
  return tx.get<Counters>('counters', 'all') ?? { draft: 0, last: 0, first: 0 };
}

export function person(tx: Tx, account: string): Readonly<Person> {
  return tx.get<Person>('person', account) ?? { account, verified: 0, checkedMs: 0 };
}

export function changePerson(tx: Tx, account: string, change: Partial<Person>): Readonly<Person> {
  const after = { ...person(tx, account), ...change };
  tx.put('person', account, after);
  return after;
}

export function conversation(tx: Tx, id: string): Readonly<Conversation> | undefined {
  return tx.get<Conversation>('conversation', id);
}

export function changeConversation(tx: Tx, id: string, change: Partial<Conversation>): void {
  const before = conversation(tx, id);
  if (before !== undefined) tx.put('conversation', id, { ...before, ...change });
}

export function newConversation(id: string, more: Partial<Conversation> = {}): Conversation {
  return {
    id,
    generation: 0,
    spent: 0,
    members: [],
    wishes: {},
    isLeft: false,
    hasSpoken: false,
    count: 0,
    unread: 0,
    ...more,
  };
}

/** A number as a key that sorts as it counts. */
export function asKey(number: number): string {
  return String(number).padStart(15, '0');
}

/** In the order of their numbers. */
export function inOrder(accounts: Iterable<string>): string[] {
  return [...new Set(accounts)].sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1));
}

export function isOfRoom(id: string): boolean {
  return !id.startsWith('00');
}
