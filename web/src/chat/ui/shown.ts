// How things said and done are written on the page.
import { language } from '../../i18n/index.svelte';
import type { Chat, Message } from '../history';
import { known, t, type ChatKey } from './words';

export function toChat(id: string): string {
  return `/messages/${id}`;
}

/** What went wrong, and what to do. */
export function said(error: unknown): string {
  const { code, about, group } = error as { code?: string; about?: string; group?: number };
  const key = known(`chat.trouble.${code}`);
  return key ? t(key, { about: about ?? '', group: group ?? '' }) : t('trouble.unknown');
}

/** How somebody is called here: a name, or the nick. */
export function called({ name, nick, isRoom }: Pick<Chat, 'name' | 'nick' | 'isRoom'>): string {
  return name ?? (nick ? `@${nick}` : t(isRoom ? 'chat.namelessRoom' : 'chat.nameless'));
}

/** Whoever said it. */
export function speaker(message: Message): string {
  if (message.isOwn) return t('chat.you');
  return message.nick ? `@${message.nick}` : t('chat.nameless');
}

/** What happened in a room. */
export function eventText(message: Message): string {
  return t(`chat.event.${message.event}` as ChatKey, { who: speaker(message), whom: message.subject ?? '', text: message.text });
}

/** The day of a moment, as a heading. */
export function dayName(ms: number, nowMs: number): string {
  const days = Math.round((midnight(nowMs) - midnight(ms)) / 86_400_000);
  if (days === 0) return t('chat.today');
  if (days === 1) return t('chat.yesterday');
  const isThisYear = new Date(ms).getFullYear() === new Date(nowMs).getFullYear();
  const year: Intl.DateTimeFormatOptions = isThisYear ? {} : { year: 'numeric' };
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long', ...year };
  return new Intl.DateTimeFormat(language.current, options).format(new Date(ms));
}

/** The hour and the minute. */
export function hour(ms: number): string {
  return new Intl.DateTimeFormat(language.current, { timeStyle: 'short' }).format(new Date(ms));
}

export function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
