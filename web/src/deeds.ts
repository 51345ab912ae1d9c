// What one does with a dweet or a person: shown at once, told to the ring, and taken back if the ring refuses.
import { api, type Relationship, type Status } from './api';
import { said, t } from './i18n/index.svelte';
import { notice, speak } from './notice.svelte';
import { session } from './session.svelte';
import { dweets } from './timeline/dweets.svelte';
import { everyFeed } from './timeline/feed.svelte';

type Mark = 'favourited' | 'reblogged' | 'bookmarked';

const MARKS = {
  favourited: { set: '/api/v1/statuses/{id}/favourite', unset: '/api/v1/statuses/{id}/unfavourite', counted: 'favourites_count' },
  reblogged: { set: '/api/v1/statuses/{id}/reblog', unset: '/api/v1/statuses/{id}/unreblog', counted: 'reblogs_count' },
  bookmarked: { set: '/api/v1/statuses/{id}/bookmark', unset: '/api/v1/statuses/{id}/unbookmark', counted: null },
} as const;

/** Sets or removes a mark of one's own. */
export async function toggle(mark: Mark, status: Status): Promise<void> {
  const { set, unset, counted } = MARKS[mark];
  const isSet = status[mark] === true;
  const change: Partial<Status> = { [mark]: !isSet };
  if (counted) change[counted] = Math.max(0, status[counted] + (isSet ? -1 : 1));
  dweets.change(status.id, change);
  try {
    const answer = await api.post(isSet ? unset : set, { at: { id: status.id }, again: true });
    dweets.add([answer]);
    if (mark === 'bookmarked') speak(t(isSet ? 'dweet.unbookmarked' : 'dweet.bookmarked'));
  } catch (error) {
    dweets.change(status.id, { [mark]: isSet, ...(counted && { [counted]: status[counted] }) });
    notice(said(error));
  }
}

const UNDO_MS = 6_000;
const leaving = new Map<string, () => void>();

/** Deletes one's own dweet, after a moment in which it can be had back. Who leaves the page has decided. */
export function deleteSoon(status: Status): void {
  const places = [...everyFeed()].filter((feed) => feed.ids.includes(status.id)).map((feed) => ({ feed, ids: feed.ids }));
  for (const { feed } of places) feed.gone(status.id);
  const timer = setTimeout(() => leaving.get(status.id)?.(), UNDO_MS);
  const restore = () => {
    for (const { feed, ids } of places) feed.ids = ids;
  };
  leaving.set(status.id, () => {
    clearTimeout(timer);
    leaving.delete(status.id);
    api
      .delete('/api/v1/statuses/{id}', { at: { id: status.id }, again: true, keepalive: true })
      .then(() => dweets.remove(status.id))
      .catch((error: unknown) => {
        restore();
        notice(said(error));
      });
  });
  notice(t('dweet.deleted'), {
    label: t('app.undo'),
    run: () => {
      clearTimeout(timer);
      leaving.delete(status.id);
      restore();
    },
  });
}

window.addEventListener('pagehide', () => {
  for (const act of [...leaving.values()]) act();
});

type Stance = 'follow' | 'unfollow' | 'block' | 'unblock' | 'mute' | 'unmute';

/** Changes how one stands to somebody; what the ring answers counts. */
export async function stand(stance: Stance, id: string, nick: string): Promise<Relationship | null> {
  try {
    const answer = await api.post(`/api/v1/accounts/{id}/${stance}`, { at: { id }, again: true });
    speak(t(`person.did.${stance}`, { nick }));
    return answer;
  } catch (error) {
    notice(said(error));
    return null;
  }
}

/** A dweet is gone, wherever it is shown. */
export function forget(id: string): void {
  for (const feed of everyFeed()) feed.gone(id);
  dweets.remove(id);
}

export function isOwn(status: Status): boolean {
  return status.account.id === session.current?.id;
}
