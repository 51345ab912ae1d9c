// Who is logged in here. One person per browser: the token lies in localStorage, and all tabs follow.
//
// Invariant: the token leaves the browser in the Authorization header (and the stream's protocol) alone, never in an address.
import { keep, kept, onChange } from './kept';

export interface Session {
  token: string;
  id: string;
  nick: string;
  name: string;
}

function read(): Session | null {
  const found = kept('session') as Partial<Session> | null;
  const isWhole =
    found && [found.token, found.id, found.nick, found.name].every((field) => typeof field === 'string' && field !== '');
  return isWhole ? (found as Session) : null;
}

let current = $state<Session | null>(read());
const over: (() => void)[] = [];

export const session = {
  /** Who it is; nobody if null. */
  get current(): Session | null {
    return current;
  },
  get isOpen(): boolean {
    return current !== null;
  },
  begin(opened: Session): void {
    const isSomebodyElse = current?.id !== opened.id;
    current = opened;
    keep('session', opened);
    if (isSomebodyElse) for (const told of over) told();
  },
  /** Tells later whether it is still the same session: an answer that was asked for in another one is of no use. */
  same(): () => boolean {
    const token = current?.token;
    return () => current?.token === token;
  },
  rename(name: string): void {
    if (current && current.name !== name) this.begin({ ...current, name });
  },
  /** Forgets it here; the ring is told by whoever logs out. */
  end(): void {
    if (!current) return;
    current = null;
    keep('session', null);
    for (const told of over) told();
  },
  /** Told when it is somebody else, or nobody any more: to forget what was the one's before. */
  onEnd(told: () => void): void {
    over.push(told);
  },
};

onChange('session', () => {
  const now = read();
  if (now?.token === current?.token) return;
  current = now;
  for (const told of over) told();
});
