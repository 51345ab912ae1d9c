// A script of its own, so small that it is there long before the page's: it asks for the first dweets while the rest is on its way.
//
// Invariant: it asks for just what the page asks for as it starts (a test compares), and each answer is used once.
// Invariant: it imports nothing: then it would not be one small file.

export {};

/** What was asked for, and as whom. */
interface Early {
  address: string;
  token: string | null;
  answer: Promise<Response>;
}
declare global {
  // Null when it has been used, or when the page was faster.
  var early: Early | null | undefined;
}

const TIME_MS = 15_000;

function session(): string | null {
  try {
    const token = (JSON.parse(localStorage.getItem('tertulia.session') ?? 'null') as { token?: unknown } | null)?.token;
    return typeof token === 'string' && token !== '' ? token : null;
  } catch {
    return null;
  }
}

const token = session();
const path = location.pathname;
const list = path === '/public' || (path === '/' && !token) ? 'public' : (path === '/home' || path === '/') && token ? 'home' : null;
if (list && globalThis.early === undefined) {
  const address = `/api/v1/timelines/${list}?limit=20`;
  const answer = fetch(address, {
    headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(TIME_MS),
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
  });
  // Whoever takes it hears what went wrong.
  answer.catch(() => {});
  globalThis.early = { address, token, answer };
}
