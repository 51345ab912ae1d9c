/** What was said, in the order in which it came here, and how far one's own messages have come. */

import { changeConversation, conversation, counters, own, type Awaited } from './rows';
import type { Said, Tx } from './vault';

/** How far a message has come at somebody's; it never goes back. */
export const State = { Waiting: 0, AtHome: 1, Delivered: 2, Read: 3, Refused: 9 } as const;
/** What stands beside a message that is at home no more, and came to nobody. */
export const EXPIRED = 'expired';

/** Adds something behind all that is here; whether it is new. */
export async function add(tx: Tx, said: Omit<Said, 'seq'>): Promise<boolean> {
  if ((await tx.placeOf(said.conversation, said.id, said.sender)) !== undefined) return false;
  const counted = counters(tx);
  const seq = counted.last + 1;
  tx.put('counters', 'all', { ...counted, last: seq });
  put(tx, { ...said, seq });
  return true;
}

/** Adds something before all that is here, or moves it there. */
export async function addBefore(tx: Tx, said: Omit<Said, 'seq'>): Promise<boolean> {
  const counted = counters(tx);
  const seq = counted.first - 1;
  tx.put('counters', 'all', { ...counted, first: seq });
  const at = await tx.placeOf(said.conversation, said.id, said.sender);
  const known = at === undefined ? undefined : await tx.saidAt(said.conversation, at);
  if (known === undefined) {
    put(tx, { ...said, seq });
    return true;
  }
  tx.deleteSaid(known);
  tx.putSaid({ ...known, seq });
  // The newest thing is perhaps another one now.
  const [last] = await tx.saidBefore(said.conversation, Number.POSITIVE_INFINITY, 1);
  changeConversation(tx, said.conversation, { last: last?.seq ?? seq });
  return false;
}

function put(tx: Tx, said: Said): void {
  tx.putSaid(said);
  const of = conversation(tx, said.conversation);
  if (of === undefined) return;
  const last = Math.max(of.last ?? Number.NEGATIVE_INFINITY, said.seq);
  changeConversation(tx, of.id, { count: of.count + 1, unread: of.unread + Number(!said.isRead), last });
}

/** A message of one's own has come further at somebody's, or at all for whom it is. */
export async function advance(
  tx: Tx,
  id: string,
  message: string,
  account: string | undefined,
  state: number,
  why?: string,
): Promise<void> {
  const said = await ofOwn(tx, id, message);
  if (said?.progress === undefined) return;
  const progress = { ...said.progress };
  for (const at of account === undefined ? Object.keys(progress) : [account]) {
    const before = progress[at];
    const isFurther = before !== undefined && (before[0] < state || (before[0] === state && why === EXPIRED));
    if (isFurther) progress[at] = why === undefined ? [state] : [state, why];
    if (state > State.AtHome) forgetAwaited(tx, awaitedKey(message, at));
  }
  tx.putSaid({ ...said, progress });
}

/** A text lies at somebody's home, under this name. */
export function awaitLetter(tx: Tx, row: Awaited): void {
  tx.put('awaited', awaitedKey(row.message, row.account), row);
}

export function awaited(tx: Tx): [key: string, row: Readonly<Awaited>][] {
  return tx.all<Awaited>('awaited');
}

export function forgetAwaited(tx: Tx, key: string): void {
  if (tx.get('awaited', key) !== undefined) tx.delete('awaited', key);
}

function awaitedKey(message: string, account: string): string {
  return `${message}-${account}`;
}

/** It will be told of these people how far a message has come. */
export async function expect(
  tx: Tx,
  id: string,
  message: string,
  people: Iterable<string>,
  state: number,
): Promise<void> {
  const said = await ofOwn(tx, id, message);
  if (said === undefined) return;
  const mine = own(tx)?.account;
  const expected = [...people].filter((account) => account !== mine).map((account) => [account, [state]] as const);
  tx.putSaid({ ...said, progress: { ...Object.fromEntries(expected), ...said.progress } as Said['progress'] & object });
}

async function ofOwn(tx: Tx, id: string, message: string): Promise<Said | undefined> {
  const mine = own(tx)?.account;
  const at = mine === undefined ? undefined : await tx.placeOf(id, message, mine);
  return at === undefined ? undefined : tx.saidAt(id, at);
}

/** A message of somebody else's counts as read. */
export async function markRead(tx: Tx, id: string, message: string): Promise<void> {
  const at = await tx.placeOf(id, message);
  const said = at === undefined ? undefined : await tx.saidAt(id, at);
  if (said === undefined || said.isRead) return;
  tx.putSaid({ ...said, isRead: true });
  changeConversation(tx, id, { unread: Math.max(0, (conversation(tx, id)?.unread ?? 0) - 1) });
}

/** How far a message has come at the one where it has come least far; less than anything if it has expired for one. */
export function progressOf(said: Said): number | undefined {
  const states = Object.values(said.progress ?? {}).map(([state, why]) => (why === EXPIRED ? -1 : state));
  return states.length === 0 ? undefined : Math.min(...states);
}
