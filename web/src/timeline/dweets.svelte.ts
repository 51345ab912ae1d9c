// All dweets that the page has seen, each once: what changes about one changes wherever it is shown.
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Status } from '../api';
import { session } from '../session.svelte';

/** A dweet, or a redweet, which names the dweet that it passes on. */
export interface Shown {
  id: string;
  /** Who redweeted it, if it is a redweet. */
  by: Status['account'] | null;
  original: Status;
}

const known = new SvelteMap<string, Status>();

export const dweets = {
  /** Takes in what the ring answered. */
  add(statuses: readonly Status[]): void {
    for (const status of statuses) {
      if (status.reblog) known.set(status.reblog.id, merged(status.reblog));
      known.set(status.id, merged(status));
    }
  },
  get(id: string): Shown | null {
    const status = known.get(id);
    if (!status) return null;
    if (!status.reblog) return { id, by: null, original: status };
    const original = known.get(status.reblog.id);
    return original ? { id, by: status.account, original } : null;
  },
  /** Changes something about a dweet before the ring has said so. */
  change(id: string, change: Partial<Status>): void {
    const status = known.get(id);
    if (status) known.set(id, { ...status, ...change });
  },
  remove(id: string): void {
    known.delete(id);
  },
};

/** What came over the stream does not say what one has done with it; what was known of that stays. */
function merged(status: Status): Status {
  const before = untrack(() => known.get(status.id));
  if (!before) return status;
  const { favourited, reblogged, bookmarked, muted } = before;
  const now = status.favourited === undefined ? { ...status, favourited, reblogged, bookmarked, muted } : status;
  // Of what is the same, nothing is drawn anew.
  return JSON.stringify(now) === JSON.stringify(before) ? before : now;
}

session.onEnd(() => known.clear());
