// Whether the sheet for telling the moderators of somebody is open, and about whom.
import type { Account, Status } from './api';
import { session } from './session.svelte';

interface Sheet {
  about: Account;
  /** The dweet from which it was opened. */
  dweet: Status | null;
}

let sheet = $state.raw<Sheet | null>(null);

export const reporter = {
  get sheet(): Sheet | null {
    return sheet;
  },
  open(about: Account, dweet: Status | null = null): void {
    if (session.isOpen) sheet = { about, dweet };
  },
  close(): void {
    sheet = null;
  },
};

session.onEnd(() => reporter.close());
