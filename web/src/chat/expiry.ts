/**
 * What lay at a recipient's home until its time was over, and no device came for it: the sender is shown that it will not come any more. As
 * `crates/client/src/message/expiry.rs`.
 *
 * Homes tell nobody by themselves: it would be a letter for each letter. So the sender asks, about what is older than letters get, once a
 * day and recipient, for as long as homes know of it.
 */

import type { Desk } from './desk';
import { get, Refused } from './ring';
import { changePerson, inOrder, person, type Awaited } from './rows';
import { advance, awaited, EXPIRED, forgetAwaited, State } from './said';

/** For how long a letter waits at home, and for how long a home remembers that nobody came. */
const KEPT_AT_HOME_MS = 30 * 24 * 3_600_000;
/** How often one home is asked. */
const PAUSE_MS = 24 * 3_600_000;
/** Homes that are asked in one delivery. */
const HOMES_MAX = 20;

/** Asks homes for messages that may have been let go. */
export async function askExpired(desk: Desk): Promise<void> {
  const now = desk.now();
  const accounts = await desk.vault.change((tx) => {
    const due = new Set<string>();
    for (const [key, row] of awaited(tx)) {
      const ageMs = now - row.sentMs;
      // Nobody knows any more.
      if (ageMs > 2 * KEPT_AT_HOME_MS) forgetAwaited(tx, key);
      else if (ageMs >= KEPT_AT_HOME_MS && (person(tx, row.account).expiredMs ?? 0) < now - PAUSE_MS) due.add(row.account);
    }
    return inOrder(due).slice(0, HOMES_MAX);
  });
  for (const account of accounts) {
    const found = await desk.ring.ask<string[]>(get(`/api/tertulia/v1/accounts/${account}/expired`)).catch((error: unknown) => {
      // They have closed their account, or the machine is of an earlier version.
      if (error instanceof Refused) return [];
      throw error;
    });
    const expired = new Set(found);
    await desk.vault.change(async (tx) => {
      const isGone = ([, row]: [string, Readonly<Awaited>]) => row.account === account && expired.has(row.letter);
      for (const [key, { conversation, message }] of awaited(tx).filter(isGone)) {
        await advance(tx, conversation, message, account, State.AtHome, EXPIRED);
        forgetAwaited(tx, key);
      }
      changePerson(tx, account, { expiredMs: now });
    });
  }
}
