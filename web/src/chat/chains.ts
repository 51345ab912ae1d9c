/**
 * What people have said of their devices, and what this device believes of it: as `crates/client/src/message/chains.rs`.
 *
 * **Invariant:** a chain that is kept has been verified, and only grows.
 */

import { raise } from './alarm';
import { digits, ofBase64 } from './bytes';
import { append, emptyChain, head, linkOf, type Chain, type DeviceRecord } from './chain';
import { Misuse, type Desk } from './desk';
import { get, Refused, Unreachable } from './ring';
import type { Devices, Name } from './mls/mls.mjs';
import { changePerson, own, person, type Head, type Letter, type Person } from './rows';
import { keyOfSeed } from './signing';
import type { Tx } from './vault';

/** For how long a chain is used without asking whether there is more of it; in a room, where there are many, for longer. */
const FRESH_MS = 60_000;
const FRESH_IN_ROOM_MS = 600_000;
/** Statements that come in one answer. */
const PAGE = 200;
const NICKS_MAX = 100;

interface Account {
  id: string;
  username: string;
  display_name: string;
}

export function chainOf(tx: Tx, account: string): Readonly<Chain> {
  return tx.get<Chain>('chain', account) ?? emptyChain(account);
}

/** Whose account a nick is. */
export async function accountOf(desk: Desk, typed: string): Promise<string> {
  const nick = typed.trim().replace(/^@/, '').toLowerCase();
  const known = await desk.vault.change((tx) => tx.all<Person>('person').find(([, row]) => row.nick === nick)?.[0]);
  if (known !== undefined) return known;
  if (!/^[a-z0-9_]{1,64}$/.test(nick)) throw new Misuse('no_such_nick', typed);
  try {
    return await meet(desk, await desk.ring.ask<Account>(get('/api/v1/accounts/lookup', { acct: nick })));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) throw new Misuse('no_such_nick', nick);
    throw error;
  }
}

/** Learns the nicks of people of whom only the account is known. */
export async function learnNicks(desk: Desk): Promise<void> {
  const unknown = await desk.vault.change((tx) => tx.all<Person>('person').filter(([, row]) => row.nick === undefined));
  for (const [account] of unknown.slice(0, NICKS_MAX)) {
    try {
      await meet(desk, await desk.ring.ask<Account>(get(`/api/v1/accounts/${account}`)));
    } catch (error) {
      // They have closed their account.
      if (!(error instanceof Refused)) throw error;
    }
  }
}

async function meet(desk: Desk, { id, username, display_name: name }: Account): Promise<string> {
  await desk.vault.change((tx) => changePerson(tx, id, { nick: username, ...(name && { name }) }));
  return id;
}

/** What somebody has said of their devices, asked for if that was not done of late, or if they had none then. */
export async function freshChain(desk: Desk, account: string, isInRoom: boolean): Promise<Chain> {
  const known = await desk.vault.change((tx) => {
    const isFresh = desk.now() - person(tx, account).checkedMs < (isInRoom ? FRESH_IN_ROOM_MS : FRESH_MS);
    const chain = chainOf(tx, account);
    return isFresh && Object.keys(chain.live).length > 0 ? chain : undefined;
  });
  return known ?? askChain(desk, account);
}

/** Asks for what somebody has said of their devices since it was asked for last. */
export async function askChain(desk: Desk, account: string): Promise<Chain> {
  for (;;) {
    // The last one again: a history that was replaced shows there.
    const from = await desk.vault.change((tx) => Math.max(0, chainOf(tx, account).links.length - 1));
    const records = await desk.ring.ask<DeviceRecord[]>(get(`/api/tertulia/v1/accounts/${account}/devices`, { from }));
    const chain = await desk.vault.change((tx) => extend(tx, desk.now(), account, from, records));
    if (chain === undefined) throw new Misuse('mistrusted', account);
    if (records.length < PAGE) return chain;
  }
}

/** Takes in what the ring says behind what is known; nothing if it does not fit. */
async function extend(
  tx: Tx,
  nowMs: number,
  account: string,
  from: number,
  records: DeviceRecord[],
): Promise<Chain | undefined> {
  const known = chainOf(tx, account);
  let chain: Chain = known;
  let isWhole = from === 0 || records.length > 0;
  for (const record of records) {
    if (!isWhole) break;
    try {
      if (record.sequence < known.links.length) {
        isWhole = known.links[record.sequence] === (await linkOf(record));
      } else {
        chain = await append(chain, record);
      }
    } catch {
      isWhole = false;
    }
  }
  if (chain !== known) tx.put('chain', account, chain);
  if (!isWhole) {
    raise(tx, nowMs, 'other_history', account);
    return undefined;
  }
  changePerson(tx, account, { checkedMs: nowMs });
  if (chain.identity !== undefined) await pin(tx, nowMs, account, digits(ofBase64(chain.identity)));
  return chain;
}

/** Remembers an identity; that it is another one than before is told, unless it was made here. */
async function pin(tx: Tx, nowMs: number, account: string, identity: string): Promise<void> {
  const { identity: pinned, verified } = person(tx, account);
  if (pinned === identity) return;
  const mine = own(tx);
  const isMadeHere =
    mine?.account === account && digits((await keyOfSeed(ofBase64(mine.identity))).public) === identity;
  changePerson(tx, account, { identity, verified: verified === 0 ? 0 : 2 });
  if (pinned === undefined || isMadeHere) return;
  raise(tx, nowMs, verified === 0 ? 'new_identity' : 'other_than_verified', account);
}

/** Compares what somebody else has seen of chains with what was seen here. */
export function compare(tx: Tx, nowMs: number, heads: readonly Head[]): void {
  for (const { account, sequence, link } of heads) {
    const here = chainOf(tx, account).links[sequence];
    if (here === undefined) {
      // There is more of it than is known here: it is asked for before it is used the next time.
      if (tx.get('person', account) !== undefined) changePerson(tx, account, { checkedMs: 0 });
    } else if (here !== link) {
      raise(tx, nowMs, 'other_history', account);
    }
  }
}

/** The newest statement that is known of somebody's chain. */
export function headOf(tx: Tx, account: string): Head | undefined {
  const chain = chainOf(tx, account);
  return chain.links.length === 0 ? undefined : { account, sequence: chain.links.length - 1, link: head(chain) };
}

/** What the names of members are compared with. Whose devices were asked for in vain is noted. */
export function devicesOf(tx: Tx, missed: Set<string> = new Set()): Devices {
  return (account, device, mustLive) => {
    const chain = chainOf(tx, account);
    const isOne = mustLive ? device in chain.live : chain.known.includes(device);
    if (!isOne) missed.add(account);
    return isOne;
  };
}

/** Whether a device lives, as far as is known here. */
export function lives(tx: Tx, [account, device]: Name): boolean {
  return device in chainOf(tx, account).live;
}

/**
 * Whether a device could let people into a room when a letter came in: it lives, or was revoked later, by the clocks of the home and of who
 * revoked it. Its key may be in other hands from then on.
 */
export function couldLetIn(tx: Tx, name: Name, letter: Letter): boolean {
  const endedMs = chainOf(tx, name[0]).ended?.[name[1]];
  return lives(tx, name) || (endedMs !== undefined && Date.parse(letter.arrived_at) < endedMs);
}

/** Whether asking again later may succeed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Unreachable;
}
