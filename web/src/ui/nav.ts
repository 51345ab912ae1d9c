// The page's main places, in the order of the bar. A new place is a line here and one in `routes.ts`.
import type { Key } from '../i18n/index.svelte';
import type { IconName } from './icons';

export interface Place {
  href: string;
  label: Key;
  icon: IconName;
  /** Whether one must be logged in. */
  membersOnly: boolean;
  moderatorsOnly?: true;
  /** Whether it is in the bar of a phone, where there is room for five; what is not comes there when something waits in it. */
  onPhone: boolean;
}

export const PLACES: readonly Place[] = [
  { href: '/home', label: 'title.home', icon: 'home', membersOnly: true, onPhone: true },
  { href: '/public', label: 'title.public', icon: 'public', membersOnly: false, onPhone: true },
  { href: '/search', label: 'title.search', icon: 'search', membersOnly: false, onPhone: true },
  { href: '/notifications', label: 'title.notifications', icon: 'bell', membersOnly: true, onPhone: true },
  { href: '/messages', label: 'title.messages', icon: 'chat', membersOnly: true, onPhone: true },
  { href: '/moderation', label: 'title.reports', icon: 'shield', membersOnly: true, moderatorsOnly: true, onPhone: false },
  { href: '/ring', label: 'title.ring', icon: 'ring', membersOnly: false, onPhone: false },
  { href: '/settings', label: 'title.settings', icon: 'settings', membersOnly: true, onPhone: false },
];
