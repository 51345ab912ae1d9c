/**
 * Whom a person wants to find again, and what they call them: kept at home, sealed. As `crates/client/src/message/contacts.rs`.
 *
 * **Invariant:** of two changes of one contact the later one counts, on every device.
 */

import { base64, ofBase64, ofUtf8, utf8 } from './bytes';
import { accountOf } from './chains';
import { Misuse, type Desk } from './desk';
import { openBox } from './own';
import { agreeToAllOf, meet } from './people';
import { post, Refused } from './ring';
import { changeOwn, inOrder, own, person, type Contact } from './rows';
import { kept } from './seal';
import type { Tx } from './vault';

const THING = 'contacts';
const CONTACTS = `${'0'.repeat(31)}1`;
const NAME_CHARACTERS_MAX = 80;
const CONTACTS_MAX = 400;
const RACES_MAX = 5;

/** A contact, as it is kept at home. */
interface Entry {
  account: string;
  name: string | null;
  is_removed: boolean;
  changed_ms: number;
}

export interface Known {
  account: string;
  nick?: string;
  name?: string;
  isVerified: boolean;
}

export async function contacts(desk: Desk): Promise<Known[]> {
  return desk.vault.change((tx) =>
    tx
      .all<Contact>('contact')
      .filter(([, row]) => !row.isRemoved)
      .map(([account, { name }]) => {
        const { nick, verified } = person(tx, account);
        return {
          account,
          isVerified: verified === 1,
          ...(nick !== undefined && { nick }),
          ...(name !== undefined && { name }),
        };
      })
      .sort((one, other) => (one.name ?? one.nick ?? '').localeCompare(other.name ?? other.nick ?? '')),
  );
}

/** Adds somebody, or calls them otherwise. */
export async function addContact(desk: Desk, nick: string, typed?: string): Promise<void> {
  const name = typed?.trim() || undefined;
  if (name !== undefined && ([...name].length > NAME_CHARACTERS_MAX || /\p{Cc}/u.test(name)))
    throw new Misuse('not_a_name');
  await change(desk, await accountOf(desk, nick), { isRemoved: false, ...(name !== undefined && { name }) });
}

/** Removes a contact. What was said stays. */
export async function removeContact(desk: Desk, account: string): Promise<void> {
  await change(desk, account, { isRemoved: true });
}

async function change(desk: Desk, account: string, what: Pick<Contact, 'isRemoved' | 'name'>): Promise<void> {
  await desk.vault.change((tx) => {
    const before = tx.get<Contact>('contact', account)?.changedMs ?? 0;
    tx.put<Contact>('contact', account, { account, ...what, changedMs: Math.max(desk.now(), before + 1) });
    if (!what.isRemoved) agreeToAllOf(tx, account);
    changeOwn(tx, { haveContactsChanged: true });
  });
}

/** Takes in what the person's other devices have changed, if `isWanted` or if there is something to tell them, and tells them. */
export async function exchangeContacts(desk: Desk, isWanted: boolean): Promise<void> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const mine = await desk.vault.change(own);
    if (mine === undefined || (!isWanted && !mine.haveContactsChanged)) return;
    const seed = ofBase64(mine.identity);
    const found = await openBox(desk.ring, CONTACTS);
    const version = found?.version ?? 0;
    const told = await desk.vault.change((tx) => {
      const plain = found && kept.open(seed, THING, version, ofBase64(found.body));
      // What cannot be read was sealed under an identity from before, and counts no more.
      for (const entry of plain === undefined ? [] : read(plain)) take(tx, entry);
      return JSON.stringify(entries(tx));
    });
    if (!mine.haveContactsChanged) return;
    const body = base64(kept.seal(seed, THING, version + 1, utf8(told)));
    try {
      await desk.ring.ask(post(`/api/tertulia/v1/boxes/${CONTACTS}`, { before: version, is_lasting: true, body }));
    } catch (error) {
      // Another device was faster.
      if (error instanceof Refused && error.status === 409) continue;
      throw error;
    }
    // What was changed meanwhile is told with the next delivery.
    return desk.vault.change((tx) => {
      if (JSON.stringify(entries(tx)) === told) changeOwn(tx, { haveContactsChanged: false });
    });
  }
}

function entries(tx: Tx): Entry[] {
  const rows = new Map(tx.all<Contact>('contact'));
  return inOrder(rows.keys()).map((account) => {
    const { name = null, isRemoved, changedMs } = rows.get(account) as Contact;
    return { account, name, is_removed: isRemoved, changed_ms: changedMs };
  });
}

function take(tx: Tx, { account, name, is_removed: isRemoved, changed_ms: changedMs }: Entry): void {
  meet(tx, account);
  if ((tx.get<Contact>('contact', account)?.changedMs ?? Number.NEGATIVE_INFINITY) >= changedMs) return;
  tx.put<Contact>('contact', account, { account, isRemoved, changedMs, ...(name !== null && { name }) });
  if (!isRemoved) agreeToAllOf(tx, account);
}

function read(plain: Uint8Array): Entry[] {
  try {
    return (JSON.parse(ofUtf8(plain)) as Entry[]).slice(0, CONTACTS_MAX);
  } catch {
    return [];
  }
}
