// The days of the ring, as a chart wants them: without holes.
import type { Schemas } from '../api/client';

export type Day = Schemas['GrowthDay'];
const DAY_MS = 24 * 3_600_000;

/** The last days up to `today`, by UTC, the oldest first; a day on which nothing happened has zeros. */
export function lastDays(known: readonly Day[], today: Date, n: number): Day[] {
  const byDay = new Map(known.map((day) => [day.day, day]));
  return Array.from({ length: n }, (_, at) => {
    const day = new Date(today.getTime() - (n - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return byDay.get(day) ?? { day, accounts: 0, dweets: 0 };
  });
}

export function sum(days: readonly Day[], what: 'accounts' | 'dweets'): number {
  return days.reduce((all, day) => all + day[what], 0);
}
