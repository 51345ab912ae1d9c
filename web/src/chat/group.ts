/**
 * The group of a conversation: how it begins, and how it comes to be of the devices that the people of the conversation have. As
 * `crates/client/src/message/group.rs`.
 *
 * A commit is kept before it is handed in, and the same bytes are handed in until the conversation's home has answered (rule M2).
 */

import { base64, randomName, readBase64 } from './bytes';
import type { Chain } from './chain';
import { chainOf, devicesOf, freshChain } from './chains';
import { Misuse, type Desk } from './desk';
import * as groups from './groups';
import { fetchLetters } from './incoming';
import { checkPackage, Conversation } from './mls/mls.mjs';
import { isIn, wanted } from './people';
import { get, post, Refused, Unreachable } from './ring';
import { conversation, inOrder, isOfRoom, type Conversation as ConversationRow, type PendingCommit } from './rows';
import { tellStep } from './steps';
import { Overtaken, type Tx } from './vault';

/** How often another commit may be faster before this is left for later. */
const RACES_MAX = 5;

/** The group is there with the devices that it ought to have; the other one has no device yet; out of the room; or later. */
export type Readiness = 'ready' | 'no_device' | 'out' | 'busy';

type Made = 'nothing' | 'commit' | 'no_device';
type Checked = Awaited<ReturnType<typeof checkPackage>>;

/** Sees to it that a conversation has a group of the devices that its people have. */
export async function makeReady(desk: Desk, id: string): Promise<Readiness> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    await settleCommit(desk, id);
    if (isOfRoom(id) && !(await desk.vault.change((tx) => isIn(tx, id)))) return 'out';
    const group = await desk.vault.change((tx) => groups.writable(tx, id));
    const made = await (group === undefined ? beginGroup(desk, id) : renewGroup(desk, id, group)).catch(
      (error: unknown) => {
        // Something has changed meanwhile: it is looked at again.
        if (error instanceof Overtaken) return 'commit' as const;
        throw error;
      },
    );
    if (made === 'nothing') return 'ready';
    if (made === 'no_device') return 'no_device';
  }
  return 'busy';
}

/** Begins the next generation of each conversation in whose group this device writes nothing any more. */
export async function rejoin(desk: Desk): Promise<void> {
  const left = await desk.vault.change((tx) =>
    tx
      .all<ConversationRow>('conversation')
      .filter(([, row]) => row.spent > 0 && row.generation <= row.spent && !row.isLeft)
      .map(([id]) => id),
  );
  for (const id of left) {
    await makeReady(desk, id).catch((error: unknown) => {
      // Who has no device, or no account any more, says nothing.
      if (!(error instanceof Refused)) throw error;
    });
  }
}

/** Sees to it that all groups are of the devices that there are now. Answers how many are not yet. */
export async function renewGroups(desk: Desk): Promise<number> {
  const ids = await desk.vault.change((tx) =>
    tx
      .all<ConversationRow>('conversation')
      .filter(([, row]) => row.generation > 0 && !row.isLeft)
      .map(([id]) => id),
  );
  let waiting = 0;
  for (const id of ids) {
    const readiness = await makeReady(desk, id).catch((error: unknown) => {
      if (error instanceof Unreachable) return 'busy' as const;
      // They are gone, or block: nothing will be said there.
      if (error instanceof Refused || (error instanceof Misuse && error.code === 'mistrusted')) return 'out' as const;
      throw error;
    });
    waiting += Number(readiness === 'busy');
  }
  return waiting;
}

/** Makes the commit that begins a group, if there is none that this device could be let into. */
async function beginGroup(desk: Desk, id: string): Promise<Made> {
  const ask = get(`/api/tertulia/v1/conversations/${id}`, { generation: 4_294_967_295, epoch: 0 });
  const now = await desk.ring.ask<{ generation: number }>(ask);
  if (now.generation > 0) {
    // Somebody may have let this device in.
    await fetchLetters(desk);
    const group = await desk.vault.change((tx) =>
      groups.generation(tx, id) === now.generation ? groups.writable(tx, id) : undefined,
    );
    if (group !== undefined) return 'commit';
  }
  const device = await desk.vault.change(groups.device);
  const chains = await chainsOf(desk, id);
  const packages = await claim(desk, chains, (_, found) => found !== device.id);
  // A room may be of one person for a while, a conversation of two may not.
  if (!isOfRoom(id) && !packages.some(({ name }) => name[0] !== desk.me)) return 'no_device';
  const next = now.generation + 1;
  let isMade = true;
  await desk.vault.change(async (tx) => {
    if (groups.pending(tx, id) !== undefined) return;
    const group = await Conversation.create(device, bytesOf(id), next, desk.now());
    isMade = await keep(desk, tx, id, group, packages, []);
  });
  return isMade ? 'commit' : 'no_device';
}

/** Makes the commit that adds the devices that are missing and removes those that are not there any more. */
async function renewGroup(desk: Desk, id: string, group: Conversation): Promise<Made> {
  const chains = await chainsOf(desk, id);
  const here: [string, string][] = group.members();
  const isThere = (account: string, device: string) => chains.get(account)?.live[device] !== undefined;
  const isHere = (account: string, device: string) => here.some(([one, other]) => one === account && other === device);
  const gone = here.filter(([account, device]) => !isThere(account, device)).map(([, device]) => device);
  const isAnyMissing = [...chains].some(([account, chain]) =>
    Object.keys(chain.live).some((device) => !isHere(account, device)),
  );
  const packages = isAnyMissing ? await claim(desk, chains, (account, device) => !isHere(account, device)) : [];
  // A device without a package waits until it has left some.
  if (packages.length === 0 && gone.length === 0) {
    const isWithOthers = here.some(([account]) => account !== desk.me);
    return isOfRoom(id) || isWithOthers ? 'nothing' : 'no_device';
  }
  let isMade = true;
  await desk.vault.change(async (tx) => {
    const now = groups.pending(tx, id) === undefined ? await groups.current(tx, id) : undefined;
    const [at, then] = [now?.epoch(), group.epoch()];
    // Something has changed meanwhile: it is looked at again.
    if (now === undefined || at?.generation !== then.generation || at?.number !== then.number) return;
    isMade = await keep(desk, tx, id, now, packages, gone);
  });
  return isMade ? 'commit' : 'nothing';
}

/**
 * Makes a commit and keeps it until its home has answered. Answers whether there was anything to make: a package that does not hold is
 * left out, or its owner would keep all others from talking.
 */
async function keep(
  desk: Desk,
  tx: Tx,
  id: string,
  group: Conversation,
  claimed: Checked[],
  gone: string[],
): Promise<boolean> {
  const change = (some: Checked[]) =>
    group.change(
      some.map(({ keyPackage }) => keyPackage),
      gone,
      devicesOf(tx),
    );
  let packages = claimed;
  let made = await change(packages).catch(() => undefined);
  if (made === undefined) {
    packages = [];
    for (const one of claimed) {
      const more = await change([...packages, one]).catch(() => undefined);
      if (more === undefined) continue;
      packages.push(one);
      made = more;
    }
    made ??= gone.length > 0 || isOfRoom(id) ? await change([]) : undefined;
  }
  const isBeginning = group.epoch().number === 0;
  const isWithOthers = packages.some(({ name }) => name[0] !== desk.me);
  const isNothing = isBeginning ? !isOfRoom(id) && !isWithOthers : packages.length === 0 && gone.length === 0;
  if (made === undefined || isNothing) return false;
  groups.store(tx, id, made.conversation);
  const pending: PendingCommit = {
    generation: made.epochBefore.generation,
    epoch: made.epochBefore.number,
    body: base64(made.commit),
    welcomed: inOrder(packages.map(({ name }) => name[0])),
    people: peopleAfter(desk, tx, id, packages),
    ...(made.welcome && { welcome: base64(made.welcome) }),
  };
  tx.put('pending_commit', id, pending);
  groups.step(tx);
  return true;
}

/** Who is in the conversation when those have been let in whose packages these are. */
function peopleAfter(desk: Desk, tx: Tx, id: string, packages: Checked[]): string[] {
  const all = wanted(tx, desk.me, id);
  if (!isOfRoom(id)) return all;
  const members = conversation(tx, id)?.members ?? [];
  return all.filter((account) => members.includes(account) || packages.some(({ name }) => name[0] === account));
}

/** Hands in a commit that waits, and does what the answer says. */
async function settleCommit(desk: Desk, id: string): Promise<void> {
  const waiting = await desk.vault.change((tx) => groups.pending(tx, id));
  if (waiting === undefined) return;
  const settle = (isAccepted: boolean) =>
    desk.vault.change((tx) => groups.settle(tx, desk.now(), desk.me, id, waiting, isAccepted));
  if (!(await tellStep(desk))) return settle(false);
  desk.moment('commit-made');
  const { generation, epoch, body: commit, welcome, welcomed, people } = waiting;
  const body = { generation, epoch, commit, welcome, welcomed, people };
  const ask = post(`/api/tertulia/v1/conversations/${id}/commits`, body);
  let isLeftBehind = false;
  type Committed = { is_accepted: boolean; now?: { generation: number } };
  const isAccepted = await desk.ring.ask<Committed>(ask).then(
    (committed) => {
      isLeftBehind = groups.isLeftBehind(generation, committed.now);
      return committed.is_accepted;
    },
    (error: unknown) => {
      // This person is not in it any more, or the home will never take it.
      if (error instanceof Refused) return false;
      throw error;
    },
  );
  desk.moment('commit-answered');
  await desk.vault.change(async (tx) => {
    await groups.settle(tx, desk.now(), desk.me, id, waiting, isAccepted);
    if (isLeftBehind) groups.leave(tx, id, generation);
  });
  desk.moment('commit-settled');
  if (!isAccepted) await fetchLetters(desk);
}

/** The chains of those whose devices the group ought to have. */
async function chainsOf(desk: Desk, id: string): Promise<Map<string, Chain>> {
  const chains = new Map<string, Chain>();
  for (const account of await desk.vault.change((tx) => wanted(tx, desk.me, id))) {
    const chain = await freshChain(desk, account, isOfRoom(id)).catch(async (error: unknown) => {
      if (!isOfRoom(id)) throw error;
      // One who has closed their account does not keep the others of a room from talking, nor one whose chain does not hold.
      if (error instanceof Refused && error.status === 404)
        return { ...(await desk.vault.change((tx) => chainOf(tx, account))), live: {} };
      if (error instanceof Misuse && error.code === 'mistrusted')
        return desk.vault.change((tx) => chainOf(tx, account));
      throw error;
    });
    chains.set(account, chain);
  }
  return chains;
}

/** Claims packages of the devices that are wanted; those that do not hold are left out. */
async function claim(
  desk: Desk,
  chains: Map<string, Chain>,
  isWanted: (account: string, device: string) => boolean,
): Promise<Checked[]> {
  const packages: Checked[] = [];
  for (const [account, chain] of chains) {
    if (!Object.keys(chain.live).some((device) => isWanted(account, device))) continue;
    const ask = { ...post(`/api/tertulia/v1/accounts/${account}/key_packages`), key: randomName() };
    const claimed = await desk.ring.ask<{ device: string; package: string }[]>(ask);
    const living = (of: string, device: string) => of === account && device in chain.live;
    for (const { device, package: bytes } of claimed.filter((one) => isWanted(account, one.device))) {
      const read = readBase64(bytes) ?? new Uint8Array();
      const checked = await checkPackage(read, account, desk.now(), living).catch(() => undefined);
      if (checked?.name[1] === device) packages.push(checked);
    }
  }
  return packages;
}

function bytesOf(id: string): Uint8Array {
  return Uint8Array.from((id.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}
