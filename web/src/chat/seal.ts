/**
 * Bytes sealed under a key, for one place, as `crates/crypto` seals them (`sealed`, `kept`): what opens was sealed with that key, for
 * that place.
 */

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { joined, random, utf8, type Bytes } from './bytes';

const NONCE_BYTES = 24;

export function seal(key: Uint8Array, place: string | Uint8Array, bytes: Uint8Array): Bytes {
  const nonce = random(NONCE_BYTES);
  return joined(nonce, xchacha20poly1305(key, nonce, asBytes(place)).encrypt(bytes));
}

export function open(key: Uint8Array, place: string | Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES) return undefined;
  try {
    const cipher = xchacha20poly1305(key, sealed.subarray(0, NONCE_BYTES), asBytes(place));
    return cipher.decrypt(sealed.subarray(NONCE_BYTES));
  } catch {
    return undefined;
  }
}

/** A key of 32 bytes that follows from a secret. */
export function derived(secret: Uint8Array, info: string, salt?: Uint8Array): Uint8Array {
  return hkdf(sha256, secret, salt, utf8(info), 32);
}

/** What a person's devices keep at home for each other: sealed under a key that follows from the identity. */
export const kept = {
  seal(identitySeed: Uint8Array, thing: string, version: number, bytes: Uint8Array): Bytes {
    return seal(keptKey(identitySeed), keptPlace(thing, version), bytes);
  },
  open(identitySeed: Uint8Array, thing: string, version: number, bytes: Uint8Array): Uint8Array | undefined {
    return open(keptKey(identitySeed), keptPlace(thing, version), bytes);
  },
};

function keptKey(identitySeed: Uint8Array): Uint8Array {
  return derived(identitySeed, 'tertulia kept at home 1');
}

function keptPlace(thing: string, version: number): string {
  return `${thing}\nversion ${version}\n`;
}

function asBytes(place: string | Uint8Array): Uint8Array {
  return typeof place === 'string' ? utf8(place) : place;
}
