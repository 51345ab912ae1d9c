// The page's language: what the person chose here, else the browser's, else English.
import { Trouble } from '../api/client';
import { keep, kept, onChange } from '../kept';
import { pause } from '../pause';
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

let browsers: Language | null = null;
window.addEventListener('languagechange', () => (browsers = null));
let choice = $state<Language | null>(chosen());

export const language = {
  get current(): Language {
    return choice ?? (browsers ??= ofBrowser());
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

/** A text in the page's language, of those that a first visit needs. */
export function t(key: Key, values: Values = {}): string {
  return filled(CATALOGUES[language.current][key], values, language.current);
}

/** The same with more texts, for a part of the page that is fetched when somebody wants it: they come with whatever asks for one. */
export function texts<More extends string>(more: Record<Language, Record<More, Text>>) {
  const isMore = (key: string): key is More => key in more.en;
  return {
    t: (key: Key | More, values: Values = {}): string =>
      isMore(key) ? filled(more[language.current][key], values, language.current) : t(key as Key, values),
    /** The key, if there is a text for it: for what is named by a kind that the ring says. */
    known: (key: string): More | null => (isMore(key) ? key : null),
  };
}

/** What went wrong, and what to do. Of what we have no words for, the ring's own are shown. */
export function said(error: unknown): string {
  if (!(error instanceof Trouble)) return t('trouble.unknown');
  // "limit reached: one can follow at most 5000 people": what one was about to do one knows.
  const most = error.code === 'limit' ? /\d+/.exec(error.message)?.[0] : undefined;
  if (most) return t('trouble.limit_of', { n: Number(most) });
  const key = `trouble.${error.code}`;
  if (key in en) return t(key as Key, { why: error.message });
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

// To make one takes longer than all else about a dweet: each is made once.
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `number ${language.current} ${JSON.stringify(options)}`;
  const format = (made.get(key) as Intl.NumberFormat | undefined) ?? new Intl.NumberFormat(language.current, options);
  made.set(key, format);
  return format;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `date ${language.current} ${JSON.stringify(options)}`;
  const format = (made.get(key) as Intl.DateTimeFormat | undefined) ?? new Intl.DateTimeFormat(language.current, options);
  made.set(key, format);
  return format;
}

let warming: Promise<void> | null = null;

/** Makes what the first dweet wants, one by one: together they would keep a slow phone busy for longer than one notices. */
export function warmed(): Promise<void> {
  warming ??= (async () => {
    for (const make of [() => moment(new Date()), () => count(1), () => ago(new Date(0), new Date(60_000))]) {
      await pause();
      make();
    }
    await pause();
  })();
  return warming;
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
      return numbers({ style: 'unit', unit, unitDisplay: 'narrow' }).format(Math.floor(amount));
    }
    amount /= limit;
  }
  const isThisYear = date.getFullYear() === now.getFullYear();
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', ...(isThisYear ? {} : { year: 'numeric' }) };
  return dates(options).format(date);
}

/** A moment in full. */
export function moment(date: Date): string {
  return dates({ dateStyle: 'long', timeStyle: 'short' }).format(date);
}

/** A number, short when it is large. */
export function count(n: number): string {
  return numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

/** A moment to the second, for what happens quickly. */
export function instant(date: Date): string {
  return dates({ day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(date);
}

/** A day. */
export function date(day: Date): string {
  return dates({ dateStyle: 'medium', timeZone: 'UTC' }).format(day);
}

/** A part of one, as hundredths. */
export function percent(part: number): string {
  return numbers({ style: 'percent', maximumFractionDigits: 1 }).format(part);
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** So many bytes, in the unit that makes the number short. */
export function bytes(n: number): string {
  const at = Math.min(Math.floor(Math.log10(Math.max(n, 1)) / 3), SIZES.length - 1);
  const format = { style: 'unit', unit: SIZES[at], unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return numbers(format).format(n / 1000 ** at);
}
