/** The groups of conversations as they are kept, and the commits of this device that wait for an answer: the lower half of `group.rs`. */

import { base64, ofBase64, random } from './bytes';
import { Misuse } from './desk';
import { Conversation, deviceOfSeed } from './mls/mls.mjs';
import { awaitMissing, follow } from './people';
import { changeConversation, changeOwn, conversation, inOrder, own, type Group, type PendingCommit } from './rows';
import type { Tx } from './vault';

export type Device = Awaited<ReturnType<typeof deviceOfSeed>>;

/** The key of this device. */
export async function device(tx: Tx): Promise<Device> {
  const mine = own(tx);
  if (mine === undefined) throw new Misuse('no_device');
  return deviceOfSeed(mine.account, ofBase64(mine.seed), ofBase64(mine.key));
}

/** Which group of a conversation is used here. */
export function generation(tx: Tx, id: string): number {
  return conversation(tx, id)?.generation ?? 0;
}

export async function load(tx: Tx, id: string, of: number): Promise<Conversation | undefined> {
  const row = tx.get<Group>('group', name(id, of));
  if (row === undefined) return undefined;
  const frozen = { generation: of, group: ofBase64(row.group), ...(row.pending && { pending: ofBase64(row.pending) }) };
  return Conversation.thaw(await device(tx), frozen);
}

export function store(tx: Tx, id: string, group: Conversation): void {
  const { generation: of, group: now, pending } = group.freeze();
  tx.put<Group>('group', name(id, of), { group: base64(now), ...(pending && { pending: base64(pending) }) });
}

export function drop(tx: Tx, id: string, of: number): void {
  tx.delete('group', name(id, of));
}

/** The group that is used here, if there is one. */
export async function current(tx: Tx, id: string): Promise<Conversation | undefined> {
  return load(tx, id, generation(tx, id));
}

/** The group that this device may write in, if there is one: see `steps.ts`. */
export async function writable(tx: Tx, id: string): Promise<Conversation | undefined> {
  const of = conversation(tx, id);
  if (of === undefined || of.generation <= of.spent) return undefined;
  const group = await current(tx, id);
  return group?.isIn() ? group : undefined;
}

/** A group is used from now on; the one before stays for what is still on its way. */
export function enter(tx: Tx, id: string, of: number): void {
  if (generation(tx, id) < of) changeConversation(tx, id, { generation: of });
}

/** Whose devices are in a group. */
export function accounts(group: Conversation): string[] {
  return inOrder(group.members().map(([account]: [string, string]) => account));
}

/**
 * Whether the home of a conversation is so far ahead of a group that the ring was brought back from a backup (`GENERATIONS_AHEAD` in
 * `crates/types/src/message.rs`): then no commit of the group counts any more.
 */
export function isLeftBehind(generation: number, home?: { generation: number }): boolean {
  return home !== undefined && home.generation >= generation + 2 ** 16;
}

/** Nothing more is written in a group; the next one is begun when there is something to say. */
export function leave(tx: Tx, id: string, generation: number): void {
  const spent = conversation(tx, id)?.spent ?? 0;
  changeConversation(tx, id, { spent: Math.max(spent, generation) });
}

export function pending(tx: Tx, id: string): Readonly<PendingCommit> | undefined {
  return tx.get<PendingCommit>('pending_commit', id);
}

/** The home has taken the commit that waits, or another one. */
export async function settle(
  tx: Tx,
  nowMs: number,
  me: string,
  id: string,
  at: { generation: number; epoch: number },
  isAccepted: boolean,
): Promise<void> {
  const waiting = pending(tx, id);
  if (waiting?.generation !== at.generation || waiting.epoch !== at.epoch) return;
  tx.delete('pending_commit', id);
  const group = await load(tx, id, at.generation);
  if (group === undefined) return;
  if (isAccepted) {
    const next = group.accepted();
    store(tx, id, next);
    enter(tx, id, at.generation);
    awaitMissing(tx, nowMs, id, accounts(next));
    await follow(tx, nowMs, me, id, me, accounts(next));
  } else if (at.epoch === 0) {
    drop(tx, id, at.generation);
  } else {
    store(tx, id, group.rejected());
  }
}

/** Whether a commit is this device's own, which waits: then its home has taken it. */
export async function isOwnCommit(tx: Tx, nowMs: number, me: string, id: string, body: string): Promise<boolean> {
  const waiting = pending(tx, id);
  if (waiting?.body !== body) return false;
  await settle(tx, nowMs, me, id, waiting, true);
  return true;
}

/** Drops this device's own beginning of a generation, if one waits. */
export async function dropBeginning(tx: Tx, nowMs: number, me: string, id: string, of: number): Promise<void> {
  const waiting = pending(tx, id);
  if (waiting?.generation === of && waiting.epoch === 0) await settle(tx, nowMs, me, id, waiting, false);
}

/** Something is newly sealed: the home is to be told before it leaves. */
export function step(tx: Tx): void {
  if (own(tx)?.step === undefined) changeOwn(tx, { step: base64(random(16)) });
}

function name(id: string, of: number): string {
  return `${id}-${of}`;
}
