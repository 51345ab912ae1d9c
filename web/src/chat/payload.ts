/** What a message says, held to its limits: see `crates/crypto/src/payload.rs`. */

import { randomName } from './bytes';
import { decodePayload, encodePayload } from './mls/payload.mjs';
import type { Content, Head, Payload } from './rows';

export const TEXT_CHARACTERS_MAX = 10_000;
export const NAME_CHARACTERS_MAX = 80;
const RECEIPT_MESSAGES_MAX = 256;
export const HEADS_MAX = 32;

/** What is to be said cannot be: too long, or empty. */
export class Unfit extends Error {
  readonly code = 'unfit';
}

export function payloadOf(content: Content, nowMs: number, id = randomName()): Payload {
  return { id, sent_ms: nowMs, content };
}

/** The bytes to be sealed. */
export function encode(payload: Payload): Uint8Array {
  const { content } = payload;
  if (content.type === 'text') check(content.text, TEXT_CHARACTERS_MAX);
  if (content.type === 'room_name') check(content.name, NAME_CHARACTERS_MAX);
  try {
    return encodePayload(payload);
  } catch (cause) {
    throw new Unfit('the message is too long', { cause });
  }
}

function check(text: string, most: number): void {
  const count = [...text].length;
  if (count < 1 || count > most) throw new Unfit(`a text has 1 to ${most} characters`);
}

/** Reads what somebody else has written; nothing if it is none or breaks a limit. What one does not know is `unknown`. */
export function decode(bytes: Uint8Array): Payload | undefined {
  let read: Record<string, unknown>;
  try {
    read = decodePayload(bytes) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { id, sent_ms: sentMs, heads = [], content } = read ?? {};
  if (!isName(id) || typeof sentMs !== 'number' || !(sentMs >= 0) || !Array.isArray(heads) || heads.length > HEADS_MAX)
    return undefined;
  const known = contentOf(content);
  if (known === undefined || !heads.every(isHead)) return undefined;
  const clean = heads.map((head: Head) => ({
    account: head.account,
    sequence: head.sequence,
    link: head.link.toLowerCase(),
  }));
  return { id: id.toLowerCase(), sent_ms: Math.min(sentMs, Number.MAX_SAFE_INTEGER), heads: clean, content: known };
}

function contentOf(content: unknown): Content | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  const { type, text, reply_to: replyTo, kind, of, name } = content as Record<string, unknown>;
  switch (type) {
    case 'text': {
      if (!isText(text, TEXT_CHARACTERS_MAX)) return undefined;
      return { type, text, ...(isName(replyTo) && { reply_to: replyTo.toLowerCase() }) };
    }
    case 'receipt': {
      if (!Array.isArray(of) || of.length > RECEIPT_MESSAGES_MAX || !of.every(isName) || typeof kind !== 'string')
        return undefined;
      const known = kind === 'delivered' || kind === 'read' ? kind : 'unknown';
      return { type, kind: known, of: of.map((message) => message.toLowerCase()) };
    }
    case 'room_name':
      return isText(name, NAME_CHARACTERS_MAX) ? { type, name } : undefined;
    case 'typing':
    case 'left':
      return { type };
    default:
      return typeof type === 'string' ? { type: 'unknown' } : undefined;
  }
}

function isText(text: unknown, most: number): text is string {
  if (typeof text !== 'string' || text.length > 2 * most) return false;
  const count = [...text].length;
  return count >= 1 && count <= most;
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[0-9a-fA-F]{32}$/.test(name);
}

function isHead(head: unknown): head is Head {
  const { account, sequence, link } = (head ?? {}) as Record<string, unknown>;
  const isNumber = Number.isInteger(sequence) && (sequence as number) >= 0;
  return (
    typeof account === 'string' &&
    /^[0-9]{1,19}$/.test(account) &&
    isNumber &&
    typeof link === 'string' &&
    /^[0-9a-fA-F]{64}$/.test(link)
  );
}
