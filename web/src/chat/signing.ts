/**
 * Ed25519 as `crates/crypto` has it: keys from seeds, and signatures looked at strictly.
 *
 * **Invariant:** neither a weak key nor a weak point in a signature passes: what one program of ours believes, all do.
 */

import { ofDigits, type Bytes } from './bytes';
import { isSame } from './bytes';

export interface SigningKey {
  seed: Bytes;
  public: Bytes;
}

const SIGNATURE_BYTES = 64;
/** What stands before a seed in PKCS #8. */
const PKCS8 = ofDigits('302e020100300506032b657004220420', 16) as Bytes;

/** The points of small order, without the sign of x: under such a key anything can be signed. */
const WEAK = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((point) => ofDigits(point, 32) as Bytes);

/** The key with this seed. */
export async function keyOfSeed(seed: Uint8Array): Promise<SigningKey> {
  const whole = new Uint8Array(PKCS8.length + seed.length);
  whole.set(PKCS8);
  whole.set(seed, PKCS8.length);
  const key = await crypto.subtle.importKey('pkcs8', whole, 'Ed25519', true, ['sign']);
  const { x } = await crypto.subtle.exportKey('jwk', key);
  const text = atob((x as string).replaceAll('-', '+').replaceAll('_', '/'));
  return { seed: Uint8Array.from(seed), public: Uint8Array.from(text, (letter) => letter.charCodeAt(0)) };
}

export async function randomKey(): Promise<SigningKey> {
  return keyOfSeed(crypto.getRandomValues(new Uint8Array(32)));
}

export async function sign(seed: Uint8Array, text: Uint8Array): Promise<Bytes> {
  const whole = new Uint8Array([...PKCS8, ...seed]);
  const key = await crypto.subtle.importKey('pkcs8', whole, 'Ed25519', false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key, text as Bytes));
}

export async function hasSigned(key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES || isWeak(key) || isWeak(signature.subarray(0, 32))) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key as Bytes, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', imported, signature as Bytes, text as Bytes);
  } catch {
    // Its key is no key.
    return false;
  }
}

function isWeak(point: Uint8Array): boolean {
  const unsigned = Uint8Array.from(point);
  if (unsigned.length !== 32) return true;
  unsigned[31] = (unsigned[31] as number) & 0x7f;
  return WEAK.some((weak) => isSame(weak, unsigned));
}
