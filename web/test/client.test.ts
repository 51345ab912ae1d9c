import { describe, expect, it } from 'vitest';
import { Client, nextOf, Trouble, type World } from '../src/api/client';
import { Entry } from '../src/api/entry';

const OWN = 'http://a.example';
const OTHER = 'http://b.example';

interface Asked {
  url: string;
  init: RequestInit;
}

/** A client in a world where machines answer as they are told. */
function world(answer: (asked: Asked, n: number) => Response | Promise<Response>, urls: string[] = []) {
  const asked: Asked[] = [];
  const refused: string[] = [];
  const waits: number[] = [];
  let moves = 0;
  const value: World = {
    origin: OWN,
    entry: new Entry(OWN, { version: 1, urls }),
    fetch: async (url, init) => {
      asked.push({ url: String(url), init: init ?? {} });
      return answer({ url: String(url), init: init ?? {} }, asked.length);
    },
    token: () => 'secret',
    refused: (token) => refused.push(token),
    keep: () => {},
    moved: () => void (moves += 1),
    wait: async (ms) => void waits.push(ms),
  };
  return { client: new Client(value), asked, refused, waits, value, moves: () => moves };
}

const json = (value: unknown, init: ResponseInit = {}) => Response.json(value, init);
const gone = () => Promise.reject(new TypeError('Failed to fetch'));

describe('asking the ring', () => {
  it('shows who asks in a header, and in no address', async () => {
    const { client, asked } = world(() => json([]));
    await client.get('/api/v1/timelines/tag/{hashtag}', { at: { hashtag: 'a/b' }, query: { limit: 5, any: ['x', 'y'] as never } });
    expect(asked[0]?.url).toBe('/api/v1/timelines/tag/a%2Fb?limit=5&any%5B%5D=x&any%5B%5D=y');
    expect(new Headers(asked[0]?.init.headers).get('authorization')).toBe('Bearer secret');
  });

  it('goes on at another machine when its own does not answer', async () => {
    const { client, asked, moves } = world(({ url }, n) => (n === 1 || url.startsWith(OTHER) ? json([]) : gone()), [OTHER]);
    await client.get('/api/v1/bookmarks');
    await client.get('/api/v1/bookmarks');
    await client.get('/api/v1/bookmarks');
    expect(moves()).toBe(1);
    expect(asked.map(({ url }) => url)).toEqual(['', '', OTHER, OTHER].map((base) => `${base}/api/v1/bookmarks`));
  });

  it('repeats what is safe, and what has a key under the same key; anything else it asks once', async () => {
    const failing = world(gone);
    await expect(failing.client.post('/api/v1/statuses', { body: { status: 'a' } })).rejects.toMatchObject({ kind: 'offline' });
    expect(failing.asked).toHaveLength(1);
    const keyed = world(({}, n) => (n < 3 ? gone() : json({ id: '1' })));
    await keyed.client.post('/api/v1/statuses', { body: { status: 'a' }, key: 'k' });
    expect(keyed.asked.map(({ init }) => new Headers(init.headers).get('idempotency-key'))).toEqual(['k', 'k', 'k']);
  });

  it('waits as long as it is told to, and not longer than people do', async () => {
    const { client, waits } = world((_, n) =>
      n < 3 ? json({ error: 'busy', code: 'busy' }, { status: 503, headers: { 'retry-after': n === 1 ? '2' : '900' } }) : json([]),
    );
    await client.get('/api/v1/bookmarks');
    expect(waits).toEqual([2_000, 5_000]);
  });

  it('says that a session is over, and which', async () => {
    const { client, refused } = world(() => json({ error: 'x', code: 'no_session' }, { status: 401 }));
    await expect(client.get('/api/v1/bookmarks')).rejects.toMatchObject({ kind: 'session' });
    expect(refused).toEqual(['secret']);
    const wrong = world(() => json({ error: 'x', code: 'wrong_password' }, { status: 401 }));
    await expect(wrong.client.post('/api/tertulia/v1/login', { body: { nick: 'a', password: 'b' }, token: null })).rejects.toMatchObject({
      kind: 'refused',
      code: 'wrong_password',
    });
    expect(wrong.refused).toEqual([]);
  });

  it('ends in bounded time', async () => {
    const never = world(({ init }) => new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason))));
    const asking = never.client.get('/api/v1/bookmarks', { timeMs: 5 });
    await expect(asking).rejects.toBeInstanceOf(Trouble);
    await expect(asking).rejects.toMatchObject({ kind: 'slow' });
  });

  it('takes up the list of entry machines when its version is another one', async () => {
    const entries = { version: 2, ring: '', ca_fingerprint: null, machines: [{ id: '1', urls: [OTHER] }] };
    const { client, value } = world(({ url }) =>
      url.endsWith('/entries') ? json(entries, { headers: { 'tertulia-entries': '2' } }) : json([], { headers: { 'tertulia-entries': '2' } }),
    );
    await client.get('/api/v1/bookmarks');
    await expect.poll(() => value.entry.version).toBe(2);
    expect(value.entry.count).toBe(2);
  });

  it('is not mistaken by an answer that is no JSON', async () => {
    const { client } = world(() => new Response('<h1>502</h1>', { status: 502 }));
    await expect(client.post('/api/v1/statuses', { body: { status: 'a' } })).rejects.toMatchObject({ kind: 'busy' });
  });
});

it('a list says where it goes on', () => {
  expect(nextOf('<http://a/x?limit=2&max_id=7>; rel="next", <http://a/x?min_id=9>; rel="prev"')).toBe('7');
  expect(nextOf(null)).toBeNull();
});
