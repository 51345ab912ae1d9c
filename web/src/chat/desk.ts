/** What all work on a person's messages is done with. */

import type { Ring } from './ring';
import type { Vault } from './vault';

export interface Desk {
  readonly vault: Vault;
  readonly ring: Ring;
  /** Whose messages. */
  readonly me: string;
  now(): number;
  /** Called between two steps: a test can end the program there. */
  moment(name: string): void;
}

/** The person has asked for something that cannot be now; the code says what, for the page to put into words. */
export class Misuse extends Error {
  constructor(
    readonly code: MisuseCode,
    readonly about?: string,
  ) {
    super(about === undefined ? code : `${code}: ${about}`);
  }
}

export type MisuseCode =
  | 'no_device'
  | 'other_devices'
  | 'backup_waits'
  | 'devices_change'
  | 'shut_out'
  | 'to_oneself'
  | 'no_such_nick'
  | 'not_in_room'
  | 'in_room'
  | 'room_full'
  | 'mistrusted'
  | 'no_identity'
  | 'not_shown'
  | 'held_back'
  | 'no_such_code'
  | 'link_broken'
  | 'no_other_device'
  | 'other_identity'
  | 'no_backup'
  | 'code_needed'
  | 'this_device'
  | 'not_a_name'
  | 'locked'
  | 'wrong_passphrase';
