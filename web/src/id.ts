// Ids are numbers of up to 63 bits, written as decimal texts: too large for a number, and ordered by length, then by letters.

export function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function newest(ids: readonly string[]): string | null {
  return ids.reduce<string | null>((best, id) => (best === null || compare(id, best) > 0 ? id : best), null);
}
