/**
 * Whether somebody is who the ring says: two people compare their safety number by another way. As `crates/client/src/message/verify.rs`.
 *
 * **Invariant:** what was compared is bound to the identity for which the number was shown.
 */

import { digits, ofBase64 } from './bytes';
import { askChain } from './chains';
import { Misuse, type Desk } from './desk';
import { safetyNumber } from './number';
import { changePerson, person } from './rows';

export interface Verification {
  number: string;
  isVerified: boolean;
  isHeldBack: boolean;
}

/** The safety number with somebody. */
export async function verification(desk: Desk, other: string): Promise<Verification> {
  const identities: [string, Uint8Array][] = [];
  for (const account of [desk.me, other]) {
    const { identity } = await askChain(desk, account);
    if (identity === undefined) throw new Misuse('no_identity', account);
    identities.push([account, ofBase64(identity)]);
  }
  const [mine, theirs] = identities as [[string, Uint8Array], [string, Uint8Array]];
  const { verified } = await desk.vault.change((tx) => changePerson(tx, other, { shown: digits(theirs[1]) }));
  return { number: safetyNumber(mine, theirs), isVerified: verified === 1, isHeldBack: verified === 2 };
}

/** Takes the person's word on somebody's identity: that the number shown is the other's too, or that a new one is taken without comparing. */
export async function takeWord(desk: Desk, other: string, word: 'confirm' | 'accept'): Promise<Verification> {
  const shown = await desk.vault.change((tx) => person(tx, other).shown);
  const now = await verification(desk, other);
  await desk.vault.change((tx) => {
    const known = person(tx, other);
    // Whoever confirms has compared what was shown; it must not have changed behind them.
    const isSame = known.identity === known.shown && (word === 'accept' || shown === known.shown);
    if (!isSame) throw new Misuse('not_shown', other);
    changePerson(tx, other, { verified: word === 'confirm' ? 1 : 0 });
  });
  return { ...now, isVerified: word === 'confirm', isHeldBack: false };
}
