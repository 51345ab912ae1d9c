// A colour for somebody: the same everywhere, from the nick alone. There are no pictures of people here.

export const HUES = 12;

export function hue(nick: string): number {
  let sum = 7;
  for (const char of nick.toLowerCase()) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % HUES;
}

/** What stands in somebody's circle: the first cluster of the name that says something, else of the nick. */
export function initial(name: string, nick: string): string {
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0] ?? nick.charAt(0);
  return letter.toUpperCase();
}
