// Work in pieces: between two of them the browser draws, and does what the reader wants.

/** Goes on in another task. */
export function pause(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } };
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

/** Goes on when what there is has been drawn; where nobody looks, at once. */
export function frame(): Promise<void> {
  if (document.hidden) return pause();
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** Goes on when there is nothing to be done; where a browser cannot tell, a little later. */
export function idle(): Promise<void> {
  const { requestIdleCallback: ask } = globalThis as { requestIdleCallback?: (then: () => void) => number };
  return new Promise((resolve) => (ask ? ask(() => resolve()) : setTimeout(resolve, 1_000)));
}
