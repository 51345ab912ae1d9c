/** A person's devices: which they are, shutting one out, and beginning anew when none is left. */

import { askChain } from './chains';
import { Misuse, type Desk } from './desk';
import { renewGroups } from './group';
import { adopt, enter, shutOut } from './own';
import { sealAnew, sealed } from './queue';
import { changeConversation, own, type Conversation } from './rows';
import { randomKey } from './signing';
import { LATEST_MS } from './history';
import type { Tx } from './vault';

export interface OwnDevice {
  id: string;
  /** The beginning of it, by which it can be named. */
  short: string;
  label: string;
  sinceMs: number;
  isThis: boolean;
}

export function short(device: string): string {
  return device.slice(0, 8);
}

/** The person's devices, as they stand now. */
export async function devices(desk: Desk): Promise<OwnDevice[]> {
  const mine = await desk.vault.change(own);
  const { live } = await askChain(desk, desk.me);
  return Object.entries(live)
    .map(([id, { label, madeMs }]) => ({ id, short: short(id), label, sinceMs: Math.min(madeMs, LATEST_MS), isThis: mine?.device === id }))
    .sort((one, other) => one.sinceMs - other.sinceMs || (one.id < other.id ? -1 : 1));
}

/** Shuts one of the devices out, and renews all groups without it. Answers how many are not renewed yet. */
export async function revoke(desk: Desk, device: string): Promise<number> {
  const mine = await desk.vault.change(own);
  if (mine === undefined) throw new Misuse('no_device');
  if (mine.device === device) throw new Misuse('this_device');
  await shutOut(desk, device);
  return renewGroups(desk);
}

/** Begins anew with another identity: all devices from before are void, and everybody who writes to the person is told. */
export async function beginAnew(desk: Desk, label: string): Promise<void> {
  await forgetDevice(desk);
  const chain = await askChain(desk, desk.me);
  await adopt(desk, await randomKey(), await randomKey(), chain, label);
  await enter(desk);
}

/** Forgets that this browser is a device, with all keys of groups. What was said, and what waits to be sent, stays. */
export async function forgetDevice(desk: Desk): Promise<void> {
  await desk.vault.change((tx: Tx) => {
    for (const one of sealed(tx)) sealAnew(tx, one);
    for (const table of ['own', 'package', 'pending_commit', 'early', 'group']) {
      for (const [key] of tx.all(table)) tx.delete(table, key);
    }
    for (const [id] of tx.all<Conversation>('conversation')) changeConversation(tx, id, { generation: 0, spent: 0 });
  });
}
