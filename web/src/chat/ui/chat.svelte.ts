// The person's messages as the page shows them: what the tab that works tells, and what can be asked of it. What is behind it is loaded
// when messages are opened, or on a visit when this browser has some already.
import { api } from '../../api';
import { label } from '../../enter';
import { keep, kept, onChange } from '../../kept';
import { session } from '../../session.svelte';
import type { State, Tabs } from '../page';
import type { Event } from '../tabs';
import type { Chat } from '../history';
import type { Told } from '../messenger';
import { lacking, type Lack } from '../lacking';

const UNKNOWN: State = { standing: 'unknown', isConnected: true, waiting: 0 };

let lack = $state<Lack | null>(null);
let isOpen = $state(false);
/** What went wrong as they were opened. */
let trouble = $state.raw<unknown>(null);
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
    trouble = error;
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
    trouble = error;
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
  trouble = null;
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
  get trouble(): unknown {
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
