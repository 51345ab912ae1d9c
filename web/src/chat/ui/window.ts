// Which of many rows of different heights are to be in the page: those that are seen, and some around them.
//
// Invariant: a pure value: rows that were not measured yet count as high as most are.

const ASSUMED_PX = 64;

export interface Window {
  /** Rows from and to (this one not) that are to be in the page, and what stands for those before and behind. */
  from: number;
  to: number;
  abovePx: number;
  belowPx: number;
}

/** Where each row begins, and where the last one ends. */
export function offsets(keys: readonly number[], heights: ReadonlyMap<number, number>): Float64Array {
  const all = new Float64Array(keys.length + 1);
  keys.forEach((key, at) => (all[at + 1] = (all[at] ?? 0) + (heights.get(key) ?? ASSUMED_PX)));
  return all;
}

/** The rows between two heights, and as much more on both sides. */
export function windowOf(begins: Float64Array, topPx: number, viewPx: number, morePx: number): Window {
  const count = begins.length - 1;
  const from = Math.max(0, firstBehind(begins, topPx - morePx) - 1);
  const to = Math.min(count, firstBehind(begins, topPx + viewPx + morePx));
  const end = begins[count] ?? 0;
  return { from, to, abovePx: begins[from] ?? 0, belowPx: end - (begins[to] ?? end) };
}

/** The first row that begins behind a height. */
export function firstBehind(begins: Float64Array, px: number): number {
  let [low, high] = [0, begins.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((begins[middle] ?? 0) > px) high = middle;
    else low = middle + 1;
  }
  return low;
}
