/** What a browser, or the way in which it has come to a page, lacks for messages that nobody else can read. */

/** `secure`: the page did not come over HTTPS. `browser`: it is too old, or something is switched off. */
export type Lack = 'secure' | 'browser';

export async function lacking(): Promise<Lack | undefined> {
  if (!globalThis.isSecureContext || globalThis.crypto?.subtle === undefined) return 'secure';
  if (!('locks' in navigator) || !('indexedDB' in globalThis) || !('BroadcastChannel' in globalThis)) return 'browser';
  if (!('toWellFormed' in String.prototype)) return 'browser';
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
  } catch {
    return 'browser';
  }
  return undefined;
}
