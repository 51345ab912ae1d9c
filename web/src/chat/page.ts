/**
 * What a page loads when somebody opens their messages: everything else here is behind this. Loaded only where {@link lacking} finds
 * nothing: without the browser's ciphers the modules below do not even start.
 */

import { Messenger } from './messenger';
import { Machines, type Door } from './ring';
import { Tabs } from './tabs';

export type { State } from './agent';
export type { Event } from './tabs';
export { Tabs };

/** The messages of an account in this browser, through whichever tab does the work. */
export function openTabs(account: string, door: Door, label: string): Tabs {
  // Else the browser may throw away what is kept here when room is short.
  void navigator.storage?.persist?.();
  const name = `tertulia-messages-${account}`;
  return new Tabs(new BroadcastChannel(name), navigator.locks, name, (passphrase) =>
    Messenger.open(account, new Machines(door), { label, ...(passphrase !== undefined && { passphrase }) }),
  );
}
