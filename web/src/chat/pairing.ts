/**
 * What two devices have in common that know the same code: `crates/crypto/src/link.rs`, to the byte.
 *
 * **Invariant:** what opens is what the other side has sealed, in that place.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { digits, joined, utf8, type Bytes } from './bytes';
import type { Code } from './code';
import { derived, open, seal } from './seal';

/** Who fills a box: the device that is to be let in, or the one that lets it in. */
export type Side = 'new' | 'old';

export class Pairing {
  private readonly key: Uint8Array;
  private readonly names: Uint8Array;

  constructor(code: Code, account: string) {
    // No stretching: the code is 140 bits drawn at random, and is worthless after minutes.
    this.key = derived(code, `tertulia link 1 key\naccount ${account}\n`);
    this.names = derived(code, `tertulia link 1 names\naccount ${account}\n`);
  }

  /** The name of a box. */
  name(by: Side, number: number): string {
    return digits(sha256(joined(this.names, utf8(place(by, number)))).subarray(0, 16));
  }

  seal(by: Side, number: number, bytes: Uint8Array): Bytes {
    return seal(this.key, place(by, number), bytes);
  }

  open(by: Side, number: number, bytes: Uint8Array): Uint8Array | undefined {
    return open(this.key, place(by, number), bytes);
  }
}

function place(by: Side, number: number): string {
  return `tertulia link 1 box\nby ${by}\nnumber ${number}\n`;
}
