// The one table of the page's addresses. What shows them is in `pages.ts`; the tests walk this table.
//
// Invariant: an address that everybody may read is the same that the machine answers without a script.

export interface Route {
  name: string;
  /** A name after a colon stands for anything but a slash. */
  path: string;
  /** Whether one must be logged in. */
  membersOnly?: true;
  /** For the tests: what stands for the names. */
  example?: Record<string, string>;
}

export const ROUTES = [
  { name: 'welcome', path: '/' },
  { name: 'home', path: '/home', membersOnly: true },
  { name: 'public', path: '/public' },
  { name: 'tag', path: '/tags/:tag', example: { tag: 'plaza' } },
  { name: 'search', path: '/search' },
  { name: 'notifications', path: '/notifications', membersOnly: true },
  { name: 'bookmarks', path: '/bookmarks', membersOnly: true },
  { name: 'favourites', path: '/favourites', membersOnly: true },
  { name: 'messages', path: '/messages', membersOnly: true },
  { name: 'messageDevices', path: '/messages/devices', membersOnly: true },
  { name: 'contacts', path: '/messages/contacts', membersOnly: true },
  { name: 'chat', path: '/messages/:id', membersOnly: true },
  { name: 'chatDetails', path: '/messages/:id/about', membersOnly: true },
  { name: 'settings', path: '/settings', membersOnly: true },
  { name: 'ring', path: '/ring' },
  { name: 'about', path: '/about' },
  { name: 'invitations', path: '/invitations', membersOnly: true },
  { name: 'invite', path: '/invite/:code', example: { code: 'none' } },
  { name: 'reports', path: '/moderation', membersOnly: true },
  { name: 'moderatedPeople', path: '/moderation/people', membersOnly: true },
  { name: 'moderationLog', path: '/moderation/log', membersOnly: true },
  { name: 'communitySettings', path: '/moderation/community', membersOnly: true },
  { name: 'login', path: '/login' },
  { name: 'register', path: '/register' },
  { name: 'person', path: '/@:nick', example: { nick: 'ana' } },
  { name: 'followers', path: '/@:nick/followers', example: { nick: 'ana' } },
  { name: 'following', path: '/@:nick/following', example: { nick: 'ana' } },
  { name: 'thread', path: '/@:nick/:id', example: { nick: 'ana' } },
] as const satisfies readonly Route[];

export type RouteName = (typeof ROUTES)[number]['name'] | 'nothing';

export interface Match {
  name: RouteName;
  membersOnly: boolean;
  /** What stood for the names of the path. */
  at: Record<string, string>;
}

const PATTERNS = ROUTES.map((route: Route & { name: RouteName }) => {
  const source = route.path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, '(?<$1>[^/]+)');
  return { route, pattern: new RegExp(`^${source}$`) };
});

/** What is at an address. */
export function match(path: string): Match {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
  for (const { route, pattern } of PATTERNS) {
    const found = pattern.exec(trimmed);
    if (!found) continue;
    const at = Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, raw]) => [name, decoded(raw)]));
    return { name: route.name, membersOnly: route.membersOnly ?? false, at };
  }
  return { name: 'nothing', membersOnly: false, at: {} };
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** The address of somebody, of a dweet, of a hashtag. */
export const to = {
  person: (nick: string) => `/@${encodeURIComponent(nick)}`,
  dweet: (nick: string, id: string) => `/@${encodeURIComponent(nick)}/${encodeURIComponent(id)}`,
  tag: (name: string) => `/tags/${encodeURIComponent(name)}`,
};
