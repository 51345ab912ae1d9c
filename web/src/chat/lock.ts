/**
 * The key of what this browser keeps: it lies beside the rows, where pages use it and cannot take it out, or sealed under a passphrase.
 *
 * **Invariant:** whoever sets, changes or removes a passphrase gets another key: what was put aside of the one before opens nothing new.
 */

import { argon2idAsync } from '@noble/hashes/argon2.js';
import { random, utf8, type Bytes } from './bytes';
import { Misuse } from './desk';
import { open, seal } from './seal';

/** As it lies in the database. */
export type KeptKey = CryptoKey | { salt: Bytes; sealed: Bytes };

const PLACE = 'tertulia browser store 1';

export function isUnderPassphrase(kept: KeptKey): boolean {
  return 'sealed' in kept;
}

/** Draws a key, and how it is to be kept. */
export async function drawKey(passphrase?: string): Promise<{ key: CryptoKey; kept: KeptKey }> {
  const raw = random(32);
  const key = await imported(raw);
  if (passphrase === undefined) return { key, kept: key };
  const salt = random(16);
  return { key, kept: { salt, sealed: seal(await stretched(passphrase, salt), PLACE, raw) } };
}

/** The key that was kept; throws `locked` or `wrong_passphrase` where it wants a passphrase, or another one. */
export async function openKey(kept: KeptKey, passphrase?: string): Promise<CryptoKey> {
  if (!('sealed' in kept)) return kept;
  if (passphrase === undefined) throw new Misuse('locked');
  const raw = open(await stretched(passphrase, kept.salt), PLACE, kept.sealed);
  if (raw === undefined) throw new Misuse('wrong_passphrase');
  return imported(new Uint8Array(raw));
}

function imported(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** As for backups: the smallest that OWASP recommends. The same letters typed in another way are the same passphrase. */
function stretched(passphrase: string, salt: Bytes): Promise<Uint8Array> {
  return argon2idAsync(utf8(passphrase.normalize('NFKC')), salt, { t: 2, m: 19 << 10, p: 1, dkLen: 32 });
}
