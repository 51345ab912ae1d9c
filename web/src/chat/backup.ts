/**
 * What may not be lost, wrapped so that a home can keep it: the format of `crates/crypto/src/backup.rs`, to the byte.
 *
 * As bytes: the mark `TTLB`, the version (1), the number (8 bytes, highest first), a salt (16), the wrapped key, the sealed bytes, and the
 * SHA-256 of all this.
 */

import { argon2idAsync } from '@noble/hashes/argon2.js';
import { isSame, joined, random, sha256, utf8, type Bytes } from './bytes';
import type { Code } from './code';
import { derived, open, seal } from './seal';

export type BackupFault = 'damaged' | 'newer' | 'wrong_code' | 'too_old';

export class BackupError extends Error {
  constructor(readonly code: BackupFault) {
    super(`the backup does not open: ${code}`);
  }
}

const MARK = utf8('TTLB');
const VERSION = 1;
const SALT_BYTES = 16;
const HEAD_BYTES = MARK.length + 1 + 8 + SALT_BYTES;
/** A nonce, the key, a tag. */
const WRAPPED_BYTES = 24 + 32 + 16;
const HASH_BYTES = 32;

/** Seals a backup under its number. */
export async function sealBackup(code: Code, counter: number, bytes: Uint8Array): Promise<Bytes> {
  const salt = random(SALT_BYTES);
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(counter));
  const head = joined(MARK, Uint8Array.of(VERSION), number, salt);
  const key = random(32);
  const whole = joined(head, seal(await wrapping(code, salt), head, key), seal(key, head, bytes));
  return joined(whole, await sha256(whole));
}

/** Opens a backup: its number, and what was sealed. One with a smaller number than `least` is not taken. */
export async function openBackup(code: Code, least: number, backup: Uint8Array): Promise<[number, Uint8Array]> {
  if (backup.length < HASH_BYTES + HEAD_BYTES + WRAPPED_BYTES) throw new BackupError('damaged');
  const whole = backup.subarray(0, -HASH_BYTES);
  const isWhole = isSame(await sha256(whole), backup.subarray(-HASH_BYTES));
  if (!isWhole || !isSame(whole.subarray(0, MARK.length), MARK)) throw new BackupError('damaged');
  if ((whole[MARK.length] as number) > VERSION) throw new BackupError('newer');
  const head = whole.subarray(0, HEAD_BYTES);
  const counter = Number(new DataView(head.buffer, head.byteOffset + MARK.length + 1, 8).getBigUint64(0));
  const wrapped = whole.subarray(HEAD_BYTES, HEAD_BYTES + WRAPPED_BYTES);
  const key = open(await wrapping(code, head.subarray(-SALT_BYTES)), head, wrapped);
  if (key === undefined) throw new BackupError('wrong_code');
  const bytes = open(key, head, whole.subarray(HEAD_BYTES + WRAPPED_BYTES));
  if (bytes === undefined) throw new BackupError('damaged');
  if (counter < least) throw new BackupError('too_old');
  return [counter, bytes];
}

/** The smallest that OWASP recommends: 19 MiB, twice. */
async function wrapping(code: Code, salt: Uint8Array): Promise<Uint8Array> {
  const stretched = await argon2idAsync(code, salt, { t: 2, m: 19 << 10, p: 1, dkLen: 32 });
  return derived(stretched, 'tertulia backup 1 wrapping', salt);
}
