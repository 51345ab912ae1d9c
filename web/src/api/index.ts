// The one client of this page.
import { t } from '../i18n/index.svelte';
import { kept, keep } from '../kept';
import { notice } from '../notice.svelte';
import { session } from '../session.svelte';
import type {} from '../early';
import { Client } from './client';
import { Entry } from './entry';

const EARLY_MS_MAX = 15_000;

function known(): { version: number; urls: string[] } | null {
  const found = kept('entries') as { version?: unknown; urls?: unknown } | null;
  if (!found || typeof found.version !== 'number' || !Array.isArray(found.urls)) return null;
  return { version: found.version, urls: found.urls.filter((url) => typeof url === 'string' && /^https?:\/\//.test(url)) };
}

/** The answer that `early.ts` has asked for, if it is this one and as the same person: once, and only as the page starts. */
function takeEarly(input: RequestInfo | URL, init?: RequestInit): Promise<Response> | null {
  const early = globalThis.early;
  if (!early) {
    globalThis.early = null;
    return null;
  }
  const asWhom = new Headers(init?.headers).get('authorization');
  if (input !== early.address || init?.method !== 'GET' || asWhom !== (early.token && `Bearer ${early.token}`)) return null;
  globalThis.early = null;
  return performance.now() < EARLY_MS_MAX ? early.answer : null;
}

export const api = new Client({
  fetch: (input, init) => takeEarly(input, init) ?? fetch(input, init),
  origin: location.origin,
  entry: new Entry(location.origin, known()),
  token: () => session.current?.token ?? null,
  // The ring says so about the token that was sent; another one may have taken its place meanwhile.
  refused: (token) => {
    if (session.current?.token === token) session.end();
  },
  keep: (entries) => keep('entries', entries),
  moved: () => notice(t('app.elsewhere')),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

export * from './client';
