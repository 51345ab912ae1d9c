// How much of home is unseen, kept by the ring for each person: all their devices agree.
//
// Invariant: a dweet counts as seen when the reader has come to the end of what was unseen, or has said so.
import { api, type Schemas } from './api';
import { session } from './session.svelte';

let unseen = $state.raw<{ count: number; more: boolean }>({ count: 0, more: false });
let looking: Promise<Schemas['Unseen'] | null> | null = null;
let reported: string | null = null;

export const home = {
  get unseen(): number {
    return unseen.count;
  },
  async look(): Promise<void> {
    if (!session.isOpen) return;
    const isSame = session.same();
    // Several want to know it as the page starts.
    looking ??= api
      .get('/api/tertulia/v1/home/unseen')
      .catch(() => null)
      .finally(() => (looking = null));
    const found = await looking;
    if (found && isSame()) unseen = found;
  },
  /** One more has come. */
  arrived(): void {
    unseen = { ...unseen, count: unseen.count + 1 };
  },
  /** The reader has seen all up to here. */
  async seen(upTo: string | null): Promise<void> {
    if (upTo === null || reported === upTo) return;
    reported = upTo;
    const isSame = session.same();
    const found = await api.post('/api/tertulia/v1/home/seen', { body: { up_to: upTo }, again: true }).catch(() => null);
    if (!isSame()) return;
    if (found) unseen = found;
    else reported = null;
  },
};

session.onEnd(() => {
  unseen = { count: 0, more: false };
  reported = null;
  looking = null;
});
