// Where one is in the page, by the browser's own addresses and history.
//
// Invariant: every link of the page is an ordinary link: it can be opened in a tab, copied, and read by a program.
import { match, type Match } from './routes';

interface Place {
  path: string;
  query: URLSearchParams;
  /** What came along with the address: where the page was scrolled to. */
  scrollY: number;
  /** Grows with each step, so that the same address asked for again is something new. */
  step: number;
}

function here(step: number): Place {
  const state = history.state as { scrollY?: number } | null;
  return {
    path: location.pathname,
    query: new URLSearchParams(location.search),
    scrollY: state?.scrollY ?? 0,
    step,
  };
}

let place = $state.raw<Place>(here(0));
const found = $derived<Match>(match(place.path));

export const router = {
  get path(): string {
    return place.path;
  },
  get query(): URLSearchParams {
    return place.query;
  },
  get step(): number {
    return place.step;
  },
  get scrollY(): number {
    return place.scrollY;
  },
  get match(): Match {
    return found;
  },
};

/** Goes to an address of the page. */
export function go(to: string, { replace = false } = {}): void {
  const target = new URL(to, location.href);
  const isSame = target.pathname + target.search === location.pathname + location.search;
  if (!replace) remember();
  if (replace || isSame) history.replaceState({}, '', target);
  else history.pushState({}, '', target);
  place = here(place.step + 1);
}

/** Keeps in the history how far down one was. */
function remember(): void {
  history.replaceState({ ...(history.state as object | null), scrollY: Math.round(scrollY) }, '');
}

/** What the machine answers itself. */
const OUTSIDE = /^\/(api|oauth|trust|pictures|assets)(\/|$)/;

/** Whether the page shows this address itself. */
export function isOurs(url: URL): boolean {
  return url.origin === location.origin && !OUTSIDE.test(url.pathname);
}

function clicked(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || link.target || link.hasAttribute('download') || !link.href) return;
  const url = new URL(link.href);
  // A link to a place within what is shown is the browser's business.
  if (!isOurs(url) || (url.hash && url.pathname + url.search === location.pathname + location.search)) return;
  event.preventDefault();
  go(url.href);
}

export function startRouter(): void {
  history.scrollRestoration = 'manual';
  window.addEventListener('popstate', () => (place = here(place.step + 1)));
  window.addEventListener('pagehide', remember);
  document.addEventListener('click', clicked);
  let pending = 0;
  window.addEventListener(
    'scroll',
    () => {
      clearTimeout(pending);
      pending = window.setTimeout(remember, 150);
    },
    { passive: true },
  );
}
