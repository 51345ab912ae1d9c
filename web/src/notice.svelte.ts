// What the page says in passing: shown for a while, and read out by screen readers.

export interface Notice {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 8_000;
let last = 0;
let notices = $state.raw<readonly Notice[]>([]);
let spoken = $state('');

export const board = {
  get notices(): readonly Notice[] {
    return notices;
  },
  get spoken(): string {
    return spoken;
  },
};

/** Shows it for a while. Whoever acts on it makes it go. */
export function notice(text: string, action?: Notice['action']): void {
  last += 1;
  const id = last;
  notices = [...notices.slice(-2), { id, text, ...(action && { action }) }];
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  notices = notices.filter((shown) => shown.id !== id);
}

/** For screen readers alone: what others see at once. */
export function speak(text: string): void {
  // The same words twice would not be read a second time.
  spoken = text === spoken ? `${text}\u00a0` : text;
}
