/**
 * The codes that people carry: to a new device, or on paper. See `crates/crypto/src/backup.rs`, whose they are.
 *
 * **Invariant:** a code is 140 bits drawn at random, never chosen by anybody.
 */

import { random } from './bytes';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 7;
const DRAWN = 4;
const GROUP_LETTERS = DRAWN + 1;

/** What was typed is no code; the group that is wrong, from 1 on, where one is. */
export class NotACode extends Error {
  readonly code = 'not_a_code';

  constructor(readonly group?: number) {
    super(
      group === undefined
        ? `a code has ${GROUPS} groups of ${GROUP_LETTERS} letters and digits`
        : `group ${group} is mistyped`,
    );
  }
}

/** The letters that were drawn, each a number below 32. */
export type Code = Uint8Array;

export function randomCode(): Code {
  // 256 is a multiple of 32: no letter is likelier.
  return random(GROUPS * DRAWN).map((letter) => letter & 31);
}

/** What is written down. */
export function textOf(code: Code): string {
  return Array.from({ length: GROUPS }, (_, group) => {
    const drawn = [...code.subarray(group * DRAWN, (group + 1) * DRAWN)];
    return [...drawn, checkLetter(group, drawn)].map((letter) => ALPHABET[letter]).join('');
  }).join('-');
}

/** Reads what somebody has typed: small letters too, hyphens and spaces as they like, O for 0, I and L for 1. */
export function readCode(typed: string): Code {
  const parts = typed.split(/[\s-]+/u).filter((part) => part !== '');
  const wrong = parts.findIndex((part) => [...part].length !== GROUP_LETTERS);
  if (parts.length === GROUPS && wrong >= 0) throw new NotACode(wrong + 1);
  const letters = [...parts.join('')];
  if (letters.length !== GROUPS * GROUP_LETTERS) throw new NotACode();
  const code = new Uint8Array(GROUPS * DRAWN);
  for (let group = 0; group < GROUPS; group += 1) {
    const values = letters.slice(group * GROUP_LETTERS, (group + 1) * GROUP_LETTERS).map(valueOf);
    const drawn = values.slice(0, DRAWN);
    if (values.includes(-1) || values[DRAWN] !== checkLetter(group, drawn)) throw new NotACode(group + 1);
    code.set(drawn, group * DRAWN);
  }
  return code;
}

function valueOf(letter: string): number {
  const upper = /^[a-z]$/.test(letter) ? letter.toUpperCase() : letter;
  return ALPHABET.indexOf({ O: '0', I: '1', L: '1' }[upper] ?? upper);
}

/** A polynomial over the field of 32 elements, in which every letter and the place have a factor of their own. */
function checkLetter(group: number, drawn: number[]): number {
  return timesX([...drawn, group + 1].reduce((sum, letter) => timesX(sum) ^ letter, 0));
}

/** Multiplies by x, modulo x⁵ + x² + 1. */
function timesX(value: number): number {
  const shifted = value << 1;
  return (shifted & 32) === 0 ? shifted : (shifted ^ 0b100101) & 31;
}
