// The person's messages as the page shows them: what the tab that works tells, and what can be asked of it. What is behind it is loaded
// when messages are opened, or on a visit when this browser has some already.
import { api } from '../../api';
import { label } from '../../enter';
import { keep, kept, onChange } from '../../kept';
import { t, type Key } from '../../i18n/index.svelte';
import { en } from '../../i18n/en';
import { session } from '../../session.svelte';
import type { State, Tabs } from '../page';
import type { Event } from '../tabs';
import type { Chat } from '../history';
import type { Told } from '../messenger';
import { lacking, type Lack } from '../lacking';

const UNKNOWN: State = { standing: 'unknown', isConnected: true, waiting: 0 };

let lack = $state<Lack | null>(null);
let isOpen = $state(false);
let trouble = $state('');
let state = $state.raw<State>(UNKNOWN);
let chats = $state.raw<readonly Chat[]>([]);
let requests = $state.raw<readonly Chat[]>([]);
let alarms = $state.raw<readonly Told[]>([]);
let areChatsKnown = $state(false);
let tabs: Tabs | null = null;
let opening: Promise<void> | null = null;
const listeners = new Set<(event: Event) => void>();

async function begin(): Promise<void> {
  const account = session.current?.id;
  if (account === undefined) return;
  lack = (await lacking()) ?? null;
  if (lack) return;
  try {
    const { openTabs } = await import('../page');
    if (session.current?.id !== account) return;
    tabs = openTabs(
      account,
      {
        machine: () => api.base,
        failed: (machine) => api.moveOn(machine),
        token: () => session.current?.token,
        ended: (token) => {
          if (session.current?.token === token) session.end();
        },
      },
      label(navigator.userAgent),
    );
    tabs.on(heard);
    keep('messages', account);
    state = await tabs.ask('state');
    isOpen = true;
    await refresh();
  } catch (error) {
    trouble = said(error);
  }
}

function heard(event: Event): void {
  if (event.event === 'state') state = event.state;
  if (event.event === 'changed' || event.event === 'state') void refresh();
  for (const listener of listeners) listener(event);
}

let isRefreshing = false;
let isStale = false;

/** Reads the list anew; once more behind the reading that goes on, however often it is asked for. */
async function refresh(): Promise<void> {
  isStale = true;
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    while (isStale && tabs) {
      isStale = false;
      const asked = tabs;
      const [found, wished, told] = [await asked.ask('chats'), await asked.ask('requests'), await asked.ask('alarms')];
      if (asked !== tabs) return;
      chats = found;
      requests = wished;
      alarms = told;
      areChatsKnown = true;
    }
  } catch (error) {
    trouble = said(error);
  } finally {
    isRefreshing = false;
  }
}

async function end(): Promise<void> {
  const ending = tabs;
  tabs = null;
  opening = null;
  isOpen = areChatsKnown = false;
  state = UNKNOWN;
  chats = requests = alarms = [];
  trouble = '';
  await ending?.end();
}

session.onEnd(() => void end());
// Another tab removes them from this browser.
onChange('messages', () => {
  if (kept('messages') === null) void end();
});

export const chat = {
  get lack(): Lack | null {
    return lack;
  },
  get isOpen(): boolean {
    return isOpen;
  },
  get trouble(): string {
    return trouble;
  },
  get state(): State {
    return state;
  },
  get chats(): readonly Chat[] {
    return chats;
  },
  /** What strangers ask for. */
  get requests(): readonly Chat[] {
    return requests;
  },
  /** One of them all. */
  find(id: string): Chat | undefined {
    return [...chats, ...requests].find((one) => one.id === id);
  },
  get areChatsKnown(): boolean {
    return areChatsKnown;
  },
  get alarms(): readonly Told[] {
    return alarms;
  },
  get unread(): number {
    return chats.reduce((sum, { unread }) => sum + unread, 0);
  },
  /** Opens the messages of whoever is logged in. */
  open(): Promise<void> {
    opening ??= begin();
    return opening;
  },
  /** The same, if this browser has messages of theirs. */
  async openIfKnown(): Promise<void> {
    if (kept('messages') === session.current?.id) await chat.open();
  },
  get tabs(): Tabs {
    if (!tabs) throw new Error('messages are not open');
    return tabs;
  },
  on(listener: (event: Event) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  refresh,
  end,
};

/** What went wrong, and what to do. */
export function said(error: unknown): string {
  const { code, about, group } = error as { code?: string; about?: string; group?: number };
  const key = `chat.trouble.${code}`;
  if (key in en) return t(key as Key, { about: about ?? '', group: group ?? '' });
  return t('trouble.unknown');
}

/** How somebody is called here: a name, or the nick. */
export function called({ name, nick, isRoom }: Pick<Chat, 'name' | 'nick' | 'isRoom'>): string {
  return name ?? (nick ? `@${nick}` : t(isRoom ? 'chat.namelessRoom' : 'chat.nameless'));
}
