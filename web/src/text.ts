// How long a text is, counted as the ring counts it (crates/types/src/text.rs): clusters, each address as 23, and of
// `@nick@host` the nick alone.
//
// Deliberately absent: refusing. The ring decides; this only shows how much room is left.

/** The longest dweet, its warning included. */
export const DWEET_CHARACTERS_MAX = 225;
export const NAME_CHARACTERS_MAX = 30;
export const NOTE_CHARACTERS_MAX = 500;
const URL_CHARACTERS = 23;

const WORD = /[\p{Alphabetic}\p{N}_]/u;
const URL_START = /^https?:\/\/(?=[\p{Alphabetic}\p{N}[])/iu;
const URL_REST = /^[^\s\p{Cc}<>"]*/u;
const MENTION = /^@([A-Za-z0-9_]{1,30})(?![A-Za-z0-9_])/;
const HOST = /^@([A-Za-z0-9.-]*[A-Za-z0-9](?::\d+)?)/;
const CLOSING = '.,;:!?\'…»”’*';

/** A text as the ring takes it: trimmed, with one kind of line break. */
export function normalised(text: string): string {
  return text.replace(/\r\n?/g, '\n').trim();
}

/** The address at the beginning, without the punctuation that closes a sentence around it. */
function address(rest: string): string {
  if (!URL_START.test(rest)) return '';
  let url = URL_REST.exec(rest)?.[0] ?? '';
  const excess = (closing: string, opening: string) => url.split(closing).length - url.split(opening).length;
  let round = excess(')', '(');
  let square = excess(']', '[');
  for (;;) {
    const last = url.at(-1) ?? '';
    if (last === ')' && round > 0) round -= 1;
    else if (last === ']' && square > 0) square -= 1;
    else if (!last || !CLOSING.includes(last)) return url;
    url = url.slice(0, -1);
  }
}

/** The text in the form in which it is counted. */
function counted(text: string): string {
  let form = '';
  let at = 0;
  let before = '';
  while (at < text.length) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const rest = text.slice(at);
    if (!before || !WORD.test(before)) {
      const url = char === 'h' || char === 'H' ? address(rest) : '';
      if (url) {
        form += 'x'.repeat(URL_CHARACTERS);
        at += url.length;
        before = url.at(-1) ?? '';
        continue;
      }
      const nick = char === '@' && !'/=@'.includes(before || ' ') ? MENTION.exec(rest)?.[0] : undefined;
      if (nick && !/^[\p{Alphabetic}\p{N}]/u.test(rest.slice(nick.length))) {
        const host = HOST.exec(rest.slice(nick.length))?.[0] ?? '';
        form += nick.toLowerCase();
        at += nick.length + host.length;
        before = (host || nick).at(-1) ?? '';
        continue;
      }
    }
    form += char;
    at += char.length;
    before = char;
  }
  return form;
}

const clusters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** How many clusters, as a person counts them. */
export function graphemes(text: string): number {
  let n = 0;
  for (const _ of clusters.segment(text)) n += 1;
  return n;
}

/** How many characters a text counts. */
export function characters(text: string): number {
  return graphemes(counted(normalised(text)));
}
