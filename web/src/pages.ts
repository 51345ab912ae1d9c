// What shows each address of `routes.ts`. What few people open is fetched when they do.
import type { Component } from 'svelte';
import Home from './pages/Home.svelte';
import Login from './pages/Login.svelte';
import Nothing from './pages/Nothing.svelte';
import Notifications from './pages/Notifications.svelte';
import Person from './pages/Person.svelte';
import Public from './pages/Public.svelte';
import Register from './pages/Register.svelte';
import Search from './pages/Search.svelte';
import Tag from './pages/Tag.svelte';
import Thread from './pages/Thread.svelte';
import Welcome from './pages/Welcome.svelte';
import type { RouteName } from './routes';

// The table does not know which names each page wants: its path does.
type Shown = Component<any>;
type Page = { shown: Shown } | { load: () => Promise<{ default: Shown }> };

export const PAGES: Record<RouteName, Page> = {
  welcome: { shown: Welcome },
  login: { shown: Login },
  register: { shown: Register },
  home: { shown: Home },
  public: { shown: Public },
  tag: { shown: Tag },
  search: { shown: Search },
  notifications: { shown: Notifications },
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
  invite: { shown: Register },
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
