/**
 * The chain of what a person has said of their devices, read by somebody who believes nothing but signatures: `crates/crypto/src/chain.rs`
 * and `crates/types/src/device.rs`, to the byte.
 *
 * **Invariants**
 * - A chain that has been read is a prefix of what its person signed, or its person's key is in other hands.
 * - A device key enters a chain once. That it was named stays known when it is revoked.
 * - A statement under another identity than the one before voids all devices, and is counted for people to be told of it.
 *
 * A chain is a value that can be kept as JSON; what is kept has been verified, and only grows.
 */

import { base64, digits, ofBase64, sha256, utf8 } from './bytes';
import { deviceOf } from './mls/mls.mjs';
import { hasSigned, sign, type SigningKey } from './signing';

const LABEL_CHARACTERS_MAX = 64;
const RECORDS_MAX = 1_000;
const DEVICES_MAX = 16;
export const NO_LINK = '0'.repeat(64);

/** A statement, as machines hand it on. */
export interface DeviceRecord {
  account: string;
  identity: string;
  sequence: number;
  previous: string;
  made_ms: number;
  add?: { key: string; label: string };
  revoke?: string;
  signature: string;
}

export type Change = { add: { key: string; label: string } } | { revoke: string };

export interface LivingDevice {
  /** Its signature key, in base64. */
  key: string;
  label: string;
  madeMs: number;
}

export interface Chain {
  account: string;
  /** In base64; none before there is a first statement. */
  identity?: string;
  identityChanges: number;
  live: Record<string, LivingDevice>;
  /** All devices that were ever named. */
  known: string[];
  /** When those of them that do not live any more were revoked, by the clock of whoever said so; of chains kept before it was noted, nothing. */
  ended?: Record<string, number>;
  /** The hashes of all statements, in hexadecimal digits. */
  links: string[];
}

/** Why these are not the statements of that person. */
export class ChainError extends Error {}

export function emptyChain(account: string): Chain {
  return { account, identityChanges: 0, live: {}, known: [], links: [] };
}

/** What is signed: lines of text. */
export function statement(record: Omit<DeviceRecord, 'signature'>): string {
  const { account, sequence, made_ms, add, revoke } = record;
  const [identity, previous] = [digits(key(record.identity)), digits(key(record.previous))];
  const said = add ? `add ${digits(key(add.key))} ${add.label}` : `revoke ${revoke?.toLowerCase()}`;
  return (
    `tertulia device statement 1\naccount ${account}\nidentity ${identity}\nsequence ${sequence}\n` +
    `previous ${previous}\nmade ${made_ms}\n${said}\n`
  );
}

/** What the next statement names as its previous. */
export async function linkOf(record: Omit<DeviceRecord, 'signature'>): Promise<string> {
  return digits(await sha256(utf8(statement(record))));
}

/** The chain with one more statement; throws if that does not hold. */
export async function append(chain: Chain, record: DeviceRecord): Promise<Chain> {
  const at = chain.links.length;
  const fail = (what: string): never => {
    throw new ChainError(`statement ${at} ${what}`);
  };
  if (at >= RECORDS_MAX) fail('is one too many');
  checkForm(record);
  if (record.account !== chain.account) fail('is about another account');
  if (record.sequence !== at) fail("stands in another's place");
  if (digits(key(record.previous)) !== head(chain)) fail('belongs to another history');
  if (!(await hasSigned(key(record.identity), utf8(statement(record)), ofBase64(record.signature)))) {
    fail('is not signed by the identity that it names');
  }
  const isOfAnother = chain.identity !== undefined && chain.identity !== record.identity;
  const live = isOfAnother ? {} : { ...chain.live };
  let known = chain.known;
  if (record.add) {
    const device = await deviceOf(key(record.add.key));
    if (known.includes(device)) fail('adds a device a second time');
    if (Object.keys(live).length >= DEVICES_MAX) fail('adds a device too many');
    live[device] = { key: record.add.key, label: record.add.label, madeMs: record.made_ms };
    known = [...known, device];
  } else {
    const device = (record.revoke as string).toLowerCase();
    if (!(device in live)) fail('revokes what is no living device');
    delete live[device];
  }
  const gone = Object.keys(chain.live).filter((device) => !(device in live));
  return {
    account: chain.account,
    ended: { ...chain.ended, ...Object.fromEntries(gone.map((device) => [device, record.made_ms])) },
    identity: record.identity,
    identityChanges: chain.identityChanges + Number(isOfAnother),
    live,
    known,
    links: [...chain.links, await linkOf(record)],
  };
}

/** Reads a person's statements, from the first on. */
export async function verify(account: string, records: DeviceRecord[]): Promise<Chain> {
  let chain = emptyChain(account);
  for (const record of records) chain = await append(chain, record);
  return chain;
}

/** The hash of the newest statement; all zeros before there is one. */
export function head(chain: Chain): string {
  return chain.links.at(-1) ?? NO_LINK;
}

/** A statement that says one thing more, signed. */
export async function next(chain: Chain, identity: SigningKey, change: Change, madeMs: number): Promise<DeviceRecord> {
  const record = {
    account: chain.account,
    identity: base64(identity.public),
    sequence: chain.links.length,
    previous: base64(
      Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(head(chain).slice(2 * at, 2 * at + 2), 16)),
    ),
    made_ms: madeMs,
    ...change,
  };
  return { ...record, signature: base64(await sign(identity.seed, utf8(statement(record)))) };
}

/** Whether a label can be one: it could bring lines of its own. */
export function isLabel(label: string): boolean {
  const count = [...label].length;
  return count >= 1 && count <= LABEL_CHARACTERS_MAX && !/\p{Cc}/u.test(label);
}

/** One form only is read. Numbers above 2^53 are none that an honest clock says, and would not be exact here. */
function checkForm(record: DeviceRecord): void {
  const isNumber = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const isOne =
    (record.add === undefined || record.add === null) !== (record.revoke === undefined || record.revoke === null);
  const isFit =
    isOne &&
    isNumber(record.sequence) &&
    isNumber(record.made_ms) &&
    (record.add
      ? typeof record.add.label === 'string' && isLabel(record.add.label)
      : /^[0-9a-fA-F]{32}$/.test(record.revoke as string));
  if (!isFit) throw new ChainError('a statement cannot be read in one way only');
}

function key(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = ofBase64(text);
  } catch {
    throw new ChainError('a key is not written in base64');
  }
  if (bytes.length !== 32) throw new ChainError('keys and hashes have 32 bytes');
  return bytes;
}
