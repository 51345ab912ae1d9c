// The text of a dweet, from the HTML in which the API gives it to what the page shows.
//
// Invariant: nothing that came from somebody else is ever put into the page as HTML. What is known (paragraphs, line breaks,
// links to people, hashtags and the web) becomes pieces that the page builds anew; of anything else only the text is left.
import { to } from './routes';

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'break' }
  | { kind: 'link'; href: string; text: string; isOutside: boolean };

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
// The API escapes both brackets in attributes; so a tag ends where the next bracket stands, and no text is looked through twice.
const TOKEN = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|([^<]+|<)/g;

/** The paragraphs of a dweet. */
export function paragraphs(html: string): Piece[][] {
  const all: Piece[][] = [[]];
  let link: { href: string; class: string; text: string } | null = null;
  const last = () => all.at(-1) ?? [];
  for (const [, closes, name, attributes = '', words] of html.matchAll(TOKEN)) {
    if (words !== undefined) {
      const text = unescaped(words);
      if (link) link.text += text;
      else last().push({ kind: 'text', text });
      continue;
    }
    switch (name?.toLowerCase()) {
      case 'p':
        if (last().length > 0) all.push([]);
        break;
      case 'br':
        if (!link) last().push({ kind: 'break' });
        break;
      case 'a':
        if (link) last().push(linked(link));
        link = closes ? null : { href: attribute(attributes, 'href'), class: attribute(attributes, 'class'), text: '' };
        break;
      default:
    }
  }
  if (link) last().push(linked(link));
  return all.filter((paragraph) => paragraph.length > 0);
}

function linked({ href, class: names, text }: { href: string; class: string; text: string }): Piece {
  const marks = names.split(/\s+/);
  if (marks.includes('hashtag')) return { kind: 'link', href: to.tag(text.replace(/^#/, '').toLowerCase()), text, isOutside: false };
  if (marks.includes('mention')) return { kind: 'link', href: to.person(text.replace(/^@/, '')), text, isOutside: false };
  if (!/^https?:\/\//i.test(href) || !URL.canParse(href)) return { kind: 'text', text };
  return { kind: 'link', href, text: short(text), isOutside: true };
}

/** An address as it is read: without what all have, and not longer than a line. */
function short(url: string): string {
  const told = url.replace(/^https?:\/\/(www\.)?/i, '');
  return told.length > 42 ? `${told.slice(0, 40)}…` : told;
}

function attribute(attributes: string, name: string): string {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(attributes);
  return unescaped(found?.[1] ?? found?.[2] ?? '');
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The same as plain text. */
export function plain(html: string): string {
  return paragraphs(html)
    .map((pieces) => pieces.map((piece) => (piece.kind === 'break' ? '\n' : piece.text)).join(''))
    .join('\n\n');
}
