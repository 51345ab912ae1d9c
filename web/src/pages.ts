// What shows each address of `routes.ts`. What few people open is fetched when they do.
import type { Component } from 'svelte';
import Login from './pages/Login.svelte';
import Nothing from './pages/Nothing.svelte';
import Register from './pages/Register.svelte';
import Welcome from './pages/Welcome.svelte';
import type { RouteName } from './routes';

// The table does not know which names each page wants: its path does.
type Shown = Component<any>;
type Page = { shown: Shown } | { load: () => Promise<{ default: Shown }> };

export const PAGES: Record<RouteName, Page> = {
  welcome: { shown: Welcome },
  login: { shown: Login },
  register: { shown: Register },
  nothing: { shown: Nothing },
};
