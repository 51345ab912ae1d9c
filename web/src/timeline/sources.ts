// Where each list of dweets comes from.
import { api } from '../api';
import { feed, type Feed } from './feed.svelte';

const LIMIT = 20;
const page = (before: string | null) => ({ limit: LIMIT, ...(before && { max_id: before }) });

export const home = (): Feed => feed('home', (before) => api.list('/api/v1/timelines/home', { query: page(before) }));
export const everybody = (): Feed => feed('public', (before) => api.list('/api/v1/timelines/public', { query: page(before) }));
export const tagged = (tag: string): Feed =>
  feed(`tag ${tag.toLowerCase()}`, (before) => api.list('/api/v1/timelines/tag/{hashtag}', { at: { hashtag: tag }, query: page(before) }));
export const ofPerson = (id: string, withReplies: boolean): Feed =>
  feed(`person ${id} ${withReplies}`, (before) =>
    api.list('/api/v1/accounts/{id}/statuses', { at: { id }, query: { ...page(before), exclude_replies: !withReplies } }),
  );
export const bookmarks = (): Feed => feed('bookmarks', (before) => api.list('/api/v1/bookmarks', { query: page(before) }));
export const favourites = (): Feed => feed('favourites', (before) => api.list('/api/v1/favourites', { query: page(before) }));
