// What others did that concerns one: the newest first, and how many are unread. The ring keeps the place of each person.
import { api, type Notification } from './api';
import { newest } from './id';
import { session } from './session.svelte';
import { get, put } from './store';
import { dweets } from './timeline/dweets.svelte';

const KEPT = 40;
let items = $state.raw<readonly Notification[]>([]);
let next = $state<string | null>(null);
let unread = $state(0);
let state = $state<'empty' | 'loading' | 'ready' | 'failed'>('empty');
let trouble = $state.raw<unknown>(null);

function take(found: readonly Notification[]): void {
  dweets.add(found.flatMap((one) => one.status ?? []));
}

export const notifications = {
  get items() {
    return items;
  },
  get unread() {
    return unread;
  },
  get state() {
    return state;
  },
  get trouble() {
    return trouble;
  },
  get hasMore() {
    return next !== null;
  },
  async count(): Promise<void> {
    if (!session.isOpen) return;
    const isSame = session.same();
    const found = await api.get('/api/v1/notifications/unread_count').catch(() => null);
    if (found && isSame()) unread = found.count;
  },
  async load(): Promise<void> {
    const key = `${session.current?.id ?? ''} notifications`;
    if (items.length === 0) {
      const isSame = session.same();
      const found = ((await get('pages', key)) as Notification[] | undefined) ?? [];
      if (!isSame()) return;
      items = found;
      take(items);
    }
    await part(null, (found) => {
      items = found;
      void put('pages', key, found.slice(0, KEPT));
    });
  },
  async more(): Promise<void> {
    if (next !== null) await part(next, (found) => (items = [...items, ...found]));
  },
  arrived(notification: Notification): void {
    take([notification]);
    unread += 1;
    if (state === 'ready') items = [notification, ...items.filter((one) => one.id !== notification.id)];
  },
  /** The reader has seen what is shown. */
  async seen(): Promise<void> {
    const last = newest(items.map((one) => one.id));
    if (last === null || unread === 0) return;
    await api.post('/api/v1/markers', { body: { notifications: { last_read_id: last } }, again: true }).catch(() => null);
    await this.count();
  },
};

async function part(before: string | null, put: (found: Notification[]) => void): Promise<void> {
  if (state === 'loading') return;
  state = 'loading';
  const isSame = session.same();
  try {
    const found = await api.list('/api/v1/notifications', { query: { limit: 30, ...(before && { max_id: before }) } });
    if (!isSame()) return;
    take(found.items);
    put(found.items);
    next = found.items.length > 0 ? found.next : null;
    state = 'ready';
  } catch (error) {
    if (!isSame()) return;
    trouble = error;
    state = 'failed';
  }
}

session.onEnd(() => {
  items = [];
  next = null;
  unread = 0;
  state = 'empty';
});
