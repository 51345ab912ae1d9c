/** Runs of bytes, and how they are written in text. */

/** Bytes as two small hexadecimal digits each. */
export function digits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes that digits stand for; nothing if they are none, or not as many as are wanted. */
export function ofDigits(text: unknown, count: number): Bytes | undefined {
  if (typeof text !== 'string' || text.length !== 2 * count || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: count }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

/** Bytes that web interfaces take: no view of memory that threads share. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The bytes of base64 with its padding; throws if it is none. */
export function ofBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The same, or nothing: for what machines say. */
export function readBase64(text: unknown): Bytes | undefined {
  try {
    return typeof text === 'string' ? ofBase64(text) : undefined;
  } catch {
    return undefined;
  }
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function ofUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

export function joined(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** So many bytes that nobody can guess. */
export function random(count: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** A name that nothing else has: 32 hexadecimal digits. */
export function randomName(): string {
  return digits(random(16));
}

export async function sha256(bytes: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Bytes));
}
