import { describe, expect, it } from 'vitest';
import { firstBehind, offsets, windowOf } from './window';

describe('which rows are in the page', () => {
  const keys = Array.from({ length: 10_000 }, (_, at) => at);
  const heights = new Map(keys.map((key) => [key, 20 + (key % 7) * 10]));
  const begins = offsets(keys, heights);
  const end = begins[10_000] as number;

  it('are those that are seen and some around them, wherever one looks', () => {
    for (const top of [0, 1, 333, end / 2, end - 600, end + 50]) {
      const { from, to, abovePx, belowPx } = windowOf(begins, top, 600, 800);
      expect(to - from).toBeLessThan(2_200 / 20 + 4);
      expect(begins[from]).toBeLessThanOrEqual(Math.max(0, top - 800));
      expect(begins[to]).toBeGreaterThanOrEqual(Math.min(end, top + 600 + 800));
      expect(abovePx).toBe(begins[from]);
      expect(abovePx + ((begins[to] as number) - (begins[from] as number)) + belowPx).toBe(end);
    }
  });

  it('are none where nothing was said', () => {
    expect(windowOf(offsets([], new Map()), 0, 600, 800)).toEqual({ from: 0, to: 0, abovePx: 0, belowPx: 0 });
  });

  it('count as most are until they are measured', () => {
    expect([...offsets([1, 2], new Map([[2, 10]]))]).toEqual([0, 64, 74]);
    expect(firstBehind(offsets([1, 2], new Map()), 64)).toBe(2);
  });
});
