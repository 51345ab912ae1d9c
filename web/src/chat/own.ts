/** This device: its key, its place among the person's devices, and the key packages that it leaves for others. As `own.rs`. */

import { base64, digits, ofBase64, randomName, sha256 } from './bytes';
import { next, type Change, type DeviceRecord } from './chain';
import { askChain } from './chains';
import type { Chain } from './chain';
import { Misuse, type Desk } from './desk';
import { device } from './groups';
import { deviceOf, makePackage } from './mls/mls.mjs';
import { get, post, Refused, type Ring } from './ring';
import { changeOwn, own, type Own, type Package } from './rows';
import { keyOfSeed, randomKey, type SigningKey } from './signing';
import { LAST_RESORT_MS } from './steps';

/** Packages that lie at home when there are enough, and with how many fewer more are made. */
const PACKAGES = 50;
const PACKAGES_MIN = 20;
/** How often another statement about devices may be faster. */
const RACES_MAX = 5;
/** After how long all packages are made anew, and the secrets of old ones are forgotten. */
const DAY_MS = 24 * 3_600_000;
const RENEWAL_MS = 45 * DAY_MS;
const FORGET_LAST_RESORT_MS = 40 * DAY_MS;
const FORGET_MS = 120 * DAY_MS;

export const SAFE = '0'.repeat(32);

export interface SealedBox {
  version: number;
  body: string;
}

/** What is in one of the person's boxes. */
export async function openBox(ring: Ring, name: string): Promise<SealedBox | undefined> {
  return ring.ask<SealedBox>(get(`/api/tertulia/v1/boxes/${name}`)).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  });
}

/** Makes this browser one of the person's devices, if it is none yet; the first one makes their identity. */
export async function enrol(desk: Desk, label: string): Promise<void> {
  if ((await desk.vault.change(own)) === undefined) {
    const chain = await askChain(desk, desk.me);
    if (Object.keys(chain.live).length > 0) throw new Misuse('other_devices');
    if (chain.identity !== undefined && (await openBox(desk.ring, SAFE)) !== undefined)
      throw new Misuse('backup_waits');
    await adopt(desk, await randomKey(), await randomKey(), chain, label);
    desk.moment('device-kept');
  }
  await enter(desk);
}

/** Keeps the keys of a device that is to be one of the person's, and the statement that makes it one. */
export async function adopt(
  desk: Desk,
  key: SigningKey,
  identity: SigningKey,
  chain: Chain,
  label: string,
): Promise<void> {
  const record = await next(chain, identity, { add: { key: base64(key.public), label } }, desk.now());
  const id = await deviceOf(key.public);
  await desk.vault.change((tx) => {
    if (own(tx) !== undefined) return;
    const row: Own = {
      account: desk.me,
      device: id,
      seed: base64(key.seed),
      key: base64(key.public),
      identity: base64(identity.seed),
      record: JSON.stringify(record),
      position: 0,
      renewedMs: 0,
      steps: 0,
      isPartial: false,
      backup: 0,
      haveContactsChanged: false,
    };
    tx.put('own', 'own', row);
  });
}

/** Tells the ring of this device, if it does not know of it yet. */
export async function enter(desk: Desk): Promise<void> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const mine = await desk.vault.change(own);
    if (mine === undefined) throw new Misuse('no_device');
    // What could not be handed in when it was made.
    if (mine.record === undefined) return handInPackages(desk);
    const record = JSON.parse(mine.record) as DeviceRecord;
    try {
      await desk.ring.ask({ ...post('/api/tertulia/v1/devices', record), key: randomName() });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      // Another device was first, or the answer to an earlier try was lost.
      const chain = await askChain(desk, desk.me);
      if (!(mine.device in chain.live)) {
        await sayAnew(desk, mine, chain, record);
        continue;
      }
    }
    desk.moment('device-told');
    await desk.vault.change((tx) => {
      const { record: _, ...told } = own(tx) ?? mine;
      tx.put('own', 'own', told);
    });
    await askChain(desk, desk.me);
    return stock(desk, 0);
  }
  throw new Misuse('devices_change');
}

/** Another statement came before the one that adds this device: it is made once more behind that one, if of the same identity. */
async function sayAnew(desk: Desk, mine: Own, chain: Chain, { add }: DeviceRecord): Promise<void> {
  const identity = await keyOfSeed(ofBase64(mine.identity));
  if (chain.identity !== base64(identity.public) || add === undefined) {
    await desk.vault.change((tx) => tx.delete('own', 'own'));
    throw new Misuse('other_devices');
  }
  const record = await next(chain, identity, { add }, desk.now());
  await desk.vault.change((tx) => changeOwn(tx, { record: JSON.stringify(record) }));
}

/** Says that one of the devices is none of the person's any more. */
export async function shutOut(desk: Desk, revoked: string): Promise<void> {
  const mine = await desk.vault.change(own);
  if (mine === undefined) throw new Misuse('no_device');
  const identity = await keyOfSeed(ofBase64(mine.identity));
  for (let race = 0; race < RACES_MAX; race += 1) {
    const chain = await askChain(desk, desk.me);
    if (chain.identity !== base64(identity.public) || !(revoked in chain.live)) return;
    const change: Change = { revoke: revoked };
    const record = await next(chain, identity, change, desk.now());
    try {
      await desk.ring.ask({ ...post('/api/tertulia/v1/devices', record), key: randomName() });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
    }
  }
  throw new Misuse('devices_change');
}

/** Leaves more key packages at home, when few are left or the last resort is old. */
export async function stock(desk: Desk, left: number): Promise<void> {
  const now = desk.now();
  await desk.vault.change(async (tx) => {
    const mine = own(tx);
    if (mine === undefined) return;
    const isRenewal = now - mine.renewedMs > RENEWAL_MS;
    let waiting = 0;
    let newestLastResortMs = Number.NEGATIVE_INFINITY;
    for (const [key, row] of tx.all<Package>('package')) {
      const isOver = now - row.madeMs > (row.isLastResort ? FORGET_LAST_RESORT_MS : FORGET_MS);
      if (isOver || (isRenewal && !row.isStocked && !row.isLastResort)) tx.delete('package', key);
      else if (row.isLastResort) newestLastResortMs = Math.max(newestLastResortMs, row.madeMs);
      else if (!row.isStocked) waiting += 1;
    }
    const there = isRenewal ? 0 : left + waiting;
    const missing = there < PACKAGES_MIN ? PACKAGES - there : 0;
    const kinds = Array.from({ length: missing }, () => false);
    if (now - newestLastResortMs > LAST_RESORT_MS) kinds.push(true);
    const key = await device(tx);
    for (const isLastResort of kinds) {
      const { kept, bytes } = await makePackage(key, now, isLastResort);
      const secret = { init: base64(kept.secret.initPrivateKey), leaf: base64(kept.secret.hpkePrivateKey) };
      const row: Package = { bytes: base64(bytes), secret, isLastResort, isStocked: false, madeMs: now };
      tx.put('package', digits(await sha256(bytes)), row);
    }
  });
  await handInPackages(desk);
}

async function handInPackages(desk: Desk): Promise<void> {
  desk.moment('packages-made');
  const [mine, waiting] = await desk.vault.change((tx) => {
    const unstocked = tx.all<Package>('package').filter(([, row]) => !row.isStocked);
    return [own(tx), unstocked.slice(0, 2 * PACKAGES)] as const;
  });
  if (mine === undefined || waiting.length === 0) return;
  const replaces = desk.now() - mine.renewedMs > RENEWAL_MS;
  const packages = waiting.filter(([, row]) => !row.isLastResort).map(([, row]) => row.bytes);
  const lastResort = waiting.find(([, row]) => row.isLastResort)?.[1].bytes;
  const body = { device: mine.device, packages, replaces, last_resort: lastResort };
  await desk.ring.ask({ ...post('/api/tertulia/v1/key_packages', body), key: randomName() });
  desk.moment('packages-told');
  await desk.vault.change((tx) => {
    if (replaces) changeOwn(tx, { renewedMs: desk.now() });
    for (const [key, row] of waiting) if (tx.get('package', key)) tx.put('package', key, { ...row, isStocked: true });
  });
}
