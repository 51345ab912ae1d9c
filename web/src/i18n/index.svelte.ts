// The page's language: what the person chose here, else the browser's, else English.
import { Trouble } from '../api/client';
import { keep, kept, onChange } from '../kept';
import { en } from './en';
import { es } from './es';
import { filled, type Text, type Values } from './words';

export type Language = 'en' | 'es';
export type Key = keyof typeof en;

const CATALOGUES: Record<Language, Record<Key, Text>> = { en, es };
export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'es', name: 'Español' },
];

function chosen(): Language | null {
  const found = kept('language');
  return found === 'en' || found === 'es' ? found : null;
}

function ofBrowser(): Language {
  const ours = navigator.languages.map((code) => code.slice(0, 2)).find((code) => code === 'en' || code === 'es');
  return ours === 'es' ? 'es' : 'en';
}

let choice = $state<Language | null>(chosen());

export const language = {
  get current(): Language {
    return choice ?? ofBrowser();
  },
  /** What was chosen; null leaves it to the browser. */
  get choice(): Language | null {
    return choice;
  },
  choose(wanted: Language | null): void {
    choice = wanted;
    keep('language', wanted);
  },
};

onChange('language', () => (choice = chosen()));

/** A text in the page's language. */
export function t(key: Key, values: Values = {}): string {
  return filled(CATALOGUES[language.current][key], values, language.current);
}

/** What went wrong, and what to do. What we have no words for is said as the ring says it. */
export function said(error: unknown): string {
  if (!(error instanceof Trouble)) return t('trouble.unknown');
  const key = `trouble.${error.code}`;
  if (key in en) return t(key as Key);
  switch (error.kind) {
    case 'offline':
      return t('trouble.unreachable');
    case 'slow':
      return t('trouble.timeout');
    case 'session':
      return t('trouble.no_session');
    case 'busy':
      return t('trouble.busy');
    case 'broken':
      return t('trouble.internal');
    case 'refused':
      return error.message;
  }
}

const SPANS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
];

/** How long ago, briefly: `5 min`, `3 h`; a date when it is longer than a week. */
export function ago(date: Date, now: Date): string {
  let amount = Math.max(0, (now.getTime() - date.getTime()) / 1000);
  if (amount < 10) return t('time.now');
  for (const [unit, limit] of SPANS) {
    if (amount < limit) {
      return new Intl.NumberFormat(language.current, { style: 'unit', unit, unitDisplay: 'narrow' }).format(Math.floor(amount));
    }
    amount /= limit;
  }
  const isThisYear = date.getFullYear() === now.getFullYear();
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', ...(isThisYear ? {} : { year: 'numeric' }) };
  return new Intl.DateTimeFormat(language.current, options).format(date);
}

/** A moment in full. */
export function moment(date: Date): string {
  return new Intl.DateTimeFormat(language.current, { dateStyle: 'long', timeStyle: 'short' }).format(date);
}

/** A number, short when it is large. */
export function count(n: number): string {
  return new Intl.NumberFormat(language.current, { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}
