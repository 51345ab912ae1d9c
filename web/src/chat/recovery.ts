/**
 * The day on which all devices are lost: as `crates/client/src/message/recovery.rs`. Nick, password and code are enough to be the same
 * person again, with the people; what was said comes from a file, if the person keeps one.
 *
 * **Invariants**
 * - Backups have numbers, which only grow; the safe is filled over the number that was seen.
 * - Nothing of a group is in a backup.
 */

import * as archive from './archive';
import type { Page } from './archive';
import { openBackup, sealBackup } from './backup';
import { base64, ofBase64, ofUtf8, utf8, type Bytes } from './bytes';
import { randomCode, readCode, textOf } from './code';
import { askChain } from './chains';
import { Misuse, type Desk } from './desk';
import { adopt, enter, openBox, SAFE } from './own';
import { post, Refused } from './ring';
import { changeOwn, own } from './rows';
import { keyOfSeed, randomKey } from './signing';

const SAFE_ROWS_MAX = 1_000;
const SAFE_BYTES = (256 << 10) - (4 << 10);
const RACES_MAX = 3;

interface Kept {
  identity: number[];
  page: Page;
}

export interface BackedUp {
  /** The code, if it was made now: it is never shown again. */
  code?: string;
  number: number;
  messages: number;
  /** For a file, wherever the person keeps it. */
  file: Bytes;
}

/** Backs up the identity and the people at home, and these with all that was said into a file. With a new code if it is wanted. */
export async function backUp(desk: Desk, isNew: boolean, typed?: string): Promise<BackedUp> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const mine = await desk.vault.change(own);
    if (mine === undefined) throw new Misuse('no_device');
    const safe = await openBox(desk.ring, SAFE);
    if (!isNew && typed === undefined && mine.code === undefined && safe !== undefined) throw new Misuse('code_needed');
    const known = isNew ? undefined : (typed ?? mine.code);
    const code = known === undefined ? randomCode() : readCode(known);
    if (typed !== undefined && safe !== undefined) await openBackup(code, 0, ofBase64(safe.body));
    const before = safe?.version ?? 0;
    const number = before + 1;
    const [all, few] = await desk.vault.change(async (tx) => {
      const said = (await archive.allSaid(tx)).reverse().map(archive.entryOf);
      const whole: Page = { people: archive.people(tx, false), chats: archive.chats(tx), said };
      return [whole, forSafe({ people: archive.people(tx, true), chats: archive.chats(tx), said: [] })];
    });
    const seal = (page: Page) => {
      const kept: Kept = { identity: [...ofBase64(mine.identity)], page };
      return sealBackup(code, number, utf8(JSON.stringify(kept)));
    };
    const [file, sealed] = [await seal(all as Page), await seal(few as Page)];
    await desk.vault.change((tx) => changeOwn(tx, { code: textOf(code) }));
    try {
      await desk.ring.ask(post(`/api/tertulia/v1/boxes/${SAFE}`, { before, is_lasting: true, body: base64(sealed) }));
    } catch (error) {
      // Another device was faster.
      if (error instanceof Refused && error.status === 409) continue;
      throw error;
    }
    await desk.vault.change((tx) => changeOwn(tx, { backup: number }));
    return { number, file, messages: (all as Page).said.length, ...(known === undefined && { code: textOf(code) }) };
  }
  throw new Misuse('devices_change');
}

/** Takes back what a file holds, or the safe; makes this browser one of the devices, under the same identity. Answers how many messages came. */
export async function restore(
  desk: Desk,
  typed: string,
  label: string,
  file?: Uint8Array,
  isOlderTaken = false,
): Promise<number> {
  const code = readCode(typed);
  const safe = await openBox(desk.ring, SAFE);
  const backup = file ?? (safe && ofBase64(safe.body));
  if (backup === undefined) throw new Misuse('no_backup');
  const before = await desk.vault.change(own);
  const seen = Math.max(before?.backup ?? 0, file === undefined ? 0 : (safe?.version ?? 0));
  const [number, plain] = await openBackup(code, isOlderTaken ? 0 : seen, backup);
  const kept = JSON.parse(ofUtf8(plain)) as Kept;
  const identity = await keyOfSeed(Uint8Array.from(kept.identity));
  const identityText = base64(identity.public);
  if (before === undefined) {
    const chain = await askChain(desk, desk.me);
    if (chain.identity !== undefined && chain.identity !== identityText) throw new Misuse('other_identity');
    await adopt(desk, await randomKey(), identity, chain, label);
  }
  const messages = await desk.vault.change((tx) => archive.take(tx, kept.page, 'before'));
  await enter(desk);
  await desk.vault.change((tx) => {
    const mine = own(tx);
    if (mine?.identity !== base64(identity.seed)) return;
    changeOwn(tx, { code: textOf(code), backup: Math.max(mine.backup, number) });
  });
  return messages;
}

/** People and conversations, as many as fit into the safe: the others are met again. */
function forSafe(page: Page): Page {
  for (let most = SAFE_ROWS_MAX; ; most = Math.floor(most / 2)) {
    const few = { people: page.people.slice(0, most), chats: page.chats.slice(0, most), said: [] };
    if (most === 0 || utf8(JSON.stringify(few)).length <= SAFE_BYTES) return few;
  }
}
