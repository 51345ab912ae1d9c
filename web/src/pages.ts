// What shows each address of `routes.ts`, and the sheets above it. What a first visit does not need is fetched when somebody wants it, or when there is
// nothing else to do.
import type { Component } from 'svelte';
import Home from './pages/Home.svelte';
import Login from './pages/Login.svelte';
import Nothing from './pages/Nothing.svelte';
import Person from './pages/Person.svelte';
import Public from './pages/Public.svelte';
import Tag from './pages/Tag.svelte';
import Thread from './pages/Thread.svelte';
import Welcome from './pages/Welcome.svelte';
import { idle } from './pause';
import type { RouteName } from './routes';

// The table does not know which names each page wants: its path does.
type Shown = Component<any>;
type Page = { shown: Shown } | { load: () => Promise<{ default: Shown }> };

export const PAGES: Record<RouteName, Page> = {
  welcome: { shown: Welcome },
  login: { shown: Login },
  register: { load: () => import('./pages/Register.svelte') },
  home: { shown: Home },
  public: { shown: Public },
  tag: { shown: Tag },
  search: { load: () => import('./pages/Search.svelte') },
  notifications: { load: () => import('./pages/Notifications.svelte') },
  bookmarks: { load: () => import('./pages/Bookmarks.svelte') },
  favourites: { load: () => import('./pages/Favourites.svelte') },
  messages: { load: () => import('./chat/ui/Messages.svelte') },
  messageDevices: { load: () => import('./chat/ui/Devices.svelte') },
  contacts: { load: () => import('./chat/ui/Contacts.svelte') },
  chat: { load: () => import('./chat/ui/Conversation.svelte') },
  chatDetails: { load: () => import('./chat/ui/About.svelte') },
  settings: { load: () => import('./pages/Settings.svelte') },
  ring: { load: () => import('./pages/Ring.svelte') },
  about: { load: () => import('./pages/About.svelte') },
  invite: { load: () => import('./pages/Register.svelte') },
  invitations: { load: () => import('./pages/Invitations.svelte') },
  reports: { load: () => import('./pages/Reports.svelte') },
  moderatedPeople: { load: () => import('./pages/ModeratedPeople.svelte') },
  moderationLog: { load: () => import('./pages/ModerationLog.svelte') },
  communitySettings: { load: () => import('./pages/CommunitySettings.svelte') },
  person: { shown: Person },
  followers: { load: () => import('./pages/Followers.svelte') },
  following: { load: () => import('./pages/Following.svelte') },
  thread: { shown: Thread },
  nothing: { shown: Nothing },
};

export const SHEETS = {
  report: () => import('./ui/ReportSheet.svelte'),
  keys: () => import('./ui/KeysSheet.svelte'),
};

/** Fetches what people want next: one after another, when the page has nothing else to do. */
export async function fetchAhead(isMember: boolean): Promise<void> {
  const pages = (['search', isMember ? 'notifications' : 'register'] as const).map((name) => PAGES[name]);
  const parts = [...pages.map((page) => ('load' in page ? page.load : null)), SHEETS.report, SHEETS.keys];
  for (const load of parts) {
    await idle();
    // Whoever wants it will hear that it cannot be had.
    await load?.().catch(() => {});
  }
}
