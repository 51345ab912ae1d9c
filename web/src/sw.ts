/// <reference lib="webworker" />
// The service worker: it keeps the page itself, so that it opens at once, on a slow network and without one.
//
// Invariant: nothing of a person is kept here: no answer of the API goes through it.
// Invariant: the document that is kept and the files that it names belong to the same build.
const worker = self as unknown as ServiceWorkerGlobalScope;

/** The build's files: written in by the build (vite.config.ts). */
const ASSETS = '__ASSETS__' as unknown as readonly string[];
const DOCUMENT = '/';
const BESIDE = ['/icon.svg', '/icon-192.png', '/manifest.webmanifest'];
/** A name for just this build. */
const CACHE = `page-${ASSETS.join(' ').length}-${hash(ASSETS.join(' '))}`;
const OUTSIDE = /^\/(api|oauth|trust|pictures|assets|sw\.js|users|metrics|livez|readyz)(\/|$)/;

function hash(text: string): string {
  let sum = 0;
  for (const char of text) sum = (Math.imul(sum, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return sum.toString(36);
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([...ASSETS, ...BESIDE]);
  await refresh();
  if (!(await cache.match(DOCUMENT))) throw new Error('the machine has another build of the page');
}

/** Takes the document of now: its policy names the entry machines of now. One of another build is left alone. */
async function refresh(): Promise<void> {
  const answer = await fetch(DOCUMENT, { headers: { accept: 'text/html' }, cache: 'no-cache' });
  const text = await answer.clone().text();
  const isOfThisBuild = [...text.matchAll(/\/assets\/[\w.-]+/g)].every(([name]) => ASSETS.includes(name));
  if (answer.ok && isOfThisBuild) await (await caches.open(CACHE)).put(DOCUMENT, answer);
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
// The page asks for it, when the person agreed to load it anew.
worker.addEventListener('message', (event) => {
  if (event.data === 'take over') void worker.skipWaiting();
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (request.mode === 'navigate') {
    if (OUTSIDE.test(url.pathname)) return;
    event.respondWith(caches.match(DOCUMENT, { cacheName: CACHE }).then((found) => found ?? fetch(request)));
    event.waitUntil(refresh().catch(() => {}));
  } else if (ASSETS.includes(url.pathname) || BESIDE.includes(url.pathname)) {
    event.respondWith(caches.match(url.pathname, { cacheName: CACHE }).then((found) => found ?? fetch(request)));
  }
});
