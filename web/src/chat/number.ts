/** The number that two people compare to know that nobody stands between them: see `crates/crypto/src/number.rs`. */

import { sha512 } from '@noble/hashes/sha2.js';
import { joined, utf8 } from './bytes';

const ROUNDS = 4_096;
const GROUPS = 6;

/** Somebody's half of their safety numbers. */
export function fingerprint(account: string, identity: Uint8Array): string {
  let hash = sha512(joined(utf8(`tertulia safety number 1\naccount ${account}\n`), identity));
  for (let round = 1; round < ROUNDS; round += 1) hash = sha512(joined(hash, identity));
  return Array.from({ length: GROUPS }, (_, group) => {
    const number = hash.subarray(5 * group, 5 * group + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 100_000).padStart(5, '0');
  }).join(' ');
}

/** The number of two people, in twelve groups of five digits. */
export function safetyNumber(
  one: [account: string, identity: Uint8Array],
  other: [account: string, identity: Uint8Array],
): string {
  return [fingerprint(...one), fingerprint(...other)].sort().join(' ');
}
