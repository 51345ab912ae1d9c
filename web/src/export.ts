// One's own dweets as a file, as the ring has them.
import { api, type Status } from './api';

const LIMIT = 40;

/** All of somebody's dweets and redweets, newest first; `told` hears how many there are so far. */
export async function ownDweets(id: string, told: (n: number) => void): Promise<Status[]> {
  const all: Status[] = [];
  let before: string | null = null;
  do {
    const part: { items: Status[]; next: string | null } = await api.list('/api/v1/accounts/{id}/statuses', {
      at: { id },
      query: { limit: LIMIT, ...(before && { max_id: before }) },
    });
    all.push(...part.items);
    told(all.length);
    before = part.items.length > 0 ? part.next : null;
  } while (before !== null);
  return all;
}

/** Hands a file to the person. */
export function save(name: string, content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
