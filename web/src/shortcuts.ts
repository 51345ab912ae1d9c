// The keys of the page. One table: what they do is here, and the help sheet is made of it.
import { composer } from './composer.svelte';
import type { LaterKey } from './i18n/later';
import { go } from './router.svelte';
import { to } from './routes';
import { session } from './session.svelte';

export interface Shortcut {
  keys: string;
  label: LaterKey;
  run: () => void;
}

function cards(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('main .dweet')];
}

/** The dweet that has the focus. */
function here(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>('.dweet') ?? null;
}

function step(by: 1 | -1): void {
  const all = cards();
  const current = here();
  const at = current ? all.indexOf(current) : -1;
  const next = current ? all[at + by] : (all.find((card) => card.getBoundingClientRect().top > 56) ?? all[0]);
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

function press(selector: string): void {
  here()?.querySelector<HTMLElement>(selector)?.click();
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: 'j', label: 'keys.next', run: () => step(1) },
  { keys: 'k', label: 'keys.previous', run: () => step(-1) },
  { keys: 'o', label: 'keys.open', run: () => press('.time') },
  { keys: 'r', label: 'keys.reply', run: () => press('.act') },
  { keys: 'f', label: 'keys.favourite', run: () => press('.favourite') },
  { keys: 'b', label: 'keys.redweet', run: () => press('.redweet') },
  { keys: 'm', label: 'keys.menu', run: () => press('.menu > button') },
  { keys: 'n', label: 'keys.write', run: () => composer.open() },
  { keys: '.', label: 'keys.showNew', run: () => document.querySelector<HTMLElement>('.new button')?.click() },
  { keys: '/', label: 'keys.search', run: () => go('/search') },
  { keys: 'g h', label: 'keys.home', run: () => go('/home') },
  { keys: 'g p', label: 'keys.public', run: () => go('/public') },
  { keys: 'g n', label: 'keys.notifications', run: () => go('/notifications') },
  { keys: 'g c', label: 'keys.messages', run: () => go('/messages') },
  { keys: 'g m', label: 'keys.me', run: () => session.current && go(to.person(session.current.nick)) },
  { keys: 'g s', label: 'keys.settings', run: () => go('/settings') },
];

const PREFIX_MS = 1_000;

/** Hears keys where nothing is being written. Returns how to stop. */
export function hearKeys(help: () => void): () => void {
  let prefix = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, textarea, select, [contenteditable], dialog, [role=menu]')) return;
    const typed = prefix + event.key;
    clearTimeout(timer);
    prefix = '';
    if (event.key === '?') help();
    else if (typed === 'g') {
      prefix = 'g ';
      timer = setTimeout(() => (prefix = ''), PREFIX_MS);
    } else {
      const found = SHORTCUTS.find((shortcut) => shortcut.keys === typed);
      if (!found) return;
      found.run();
    }
    event.preventDefault();
  };
  document.addEventListener('keydown', heard);
  return () => document.removeEventListener('keydown', heard);
}
