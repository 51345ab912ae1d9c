// Small things that the browser keeps between visits, in localStorage. A browser may refuse it: then nothing is kept.
//
// Invariant: what comes back has been checked by whoever asks for it: anything may have written there.

const PREFIX = 'tertulia.';

export function keep(name: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full or forbidden: the page works without.
  }
}

/** Forgets all whose names begin so. */
export function forgetAll(beginning: string): void {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX + beginning)) localStorage.removeItem(name);
  } catch {
    // Nothing is kept.
  }
}

export function kept(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

/** Told when another tab of the browser keeps something else under this name. */
export function onChange(name: string, told: () => void): void {
  window.addEventListener('storage', (event) => {
    if (event.key === PREFIX + name || event.key === null) told();
  });
}
