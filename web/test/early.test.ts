// The first request is made by a script of its own: the page must make just the same, or it is made twice.
import { describe, expect, it, vi } from 'vitest';

interface Asked {
  address: string;
  as: string | null;
}

async function started(path: string, token: string | null, then: 'home' | 'everybody', times = 1): Promise<Asked[]> {
  vi.resetModules();
  globalThis.early = undefined;
  localStorage.removeItem('tertulia.session');
  if (token) localStorage.setItem('tertulia.session', JSON.stringify({ token, id: '1', nick: 'ana', name: 'Ana' }));
  vi.stubGlobal('location', new URL(path, 'http://127.0.0.1:8787'));
  vi.stubGlobal('navigator', { languages: ['en'], onLine: true });
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    asked.push({ address: input, as: new Headers(init.headers).get('authorization') });
    return new Response('[]', { headers: { 'content-type': 'application/json' } });
  });
  await import('../src/early');
  const sources = await import('../src/timeline/sources');
  const list = sources[then]();
  for (let n = 0; n < times; n += 1) {
    await list.load();
    list.state = 'empty';
  }
  vi.unstubAllGlobals();
  return asked;
}

describe('the first request', () => {
  it.each([
    ['/home', 'secret', 'home'],
    ['/', 'secret', 'home'],
    ['/', null, 'everybody'],
    ['/public', null, 'everybody'],
    ['/public', 'secret', 'everybody'],
  ] as const)('is the one that the page at %s makes, with the session %s, and is made once', async (path, token, then) => {
    const asked = await started(path, token, then);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.as).toBe(token && `Bearer ${token}`);
  });

  it('is used once: a list asked for again is fetched again', async () => {
    expect(await started('/', null, 'everybody', 2)).toHaveLength(2);
  });

  it('is not used for another list', async () => {
    const asked = await started('/public', 'secret', 'home');
    expect(asked.map(({ address }) => address)).toEqual(['/api/v1/timelines/public?limit=20', '/api/v1/timelines/home?limit=20']);
  });
});
