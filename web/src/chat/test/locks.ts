/** Web Locks for the tests: whoever asks first has a lock, the others wait their turn. */

import type { Locks } from '../tabs';

export function locks(): Locks {
  const last = new Map<string, Promise<unknown>>();
  return {
    request(name, { signal }, held) {
      const before = last.get(name) ?? Promise.resolve();
      const turn = before.then(() => (signal.aborted ? undefined : held()));
      last.set(
        name,
        turn.catch(() => undefined),
      );
      return turn;
    },
  };
}
