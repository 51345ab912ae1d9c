import { describe, expect, it } from 'vitest';
import { lastDays, sum } from '../src/ring/growth';
import { arc, gathered, picture, point, share, shortNames, SIDE, turn } from '../src/ring/picture';
import type { Machine, RingStatus } from '../src/ring/status';
import { pause, told } from '../src/ring/watch.svelte';

const machine = (id: string, position: string | null, more: Partial<Machine> = {}): Machine => ({
  id,
  role: 'node',
  state: 'alive',
  position,
  is_entry: true,
  version: '0.1.0',
  is_this: false,
  silent_for_ms: null,
  ...more,
});
const A = 'aaaa000000000001';
const B = 'aaaa100000000002';
const C = 'cccc000000000003';
const copy = (of: string, kind: 'voter' | 'learner' = 'voter') => ({ machine: of, kind, lag_entries: 0, is_stranger: false });

const status: RingStatus = {
  ring: { name: 'plaza', replicas: 5 },
  machines: [
    machine(A, '0000000000000000'),
    machine(B, '8000000000000000', { state: 'suspect' }),
    machine(C, null, { role: 'gateway' }),
    machine('dddd000000000004', 'c000000000000000', { state: 'left' }),
  ],
  ranges: [
    { group: 'f000000000000001', range: { start: '8000000000000000', end: '0000000000000000' }, leader: A, copies: [copy(A), copy(B, 'learner')], rows: 1, bytes: 2 },
    { group: 'f100000000000001', range: { start: '0000000000000000', end: '8000000000000000' }, leader: null, copies: [copy(B)], rows: null, bytes: null },
  ],
  tolerates: 0,
  notes: [
    { kind: 'no_majority', machine: null, group: 'f100000000000001', n: 1 },
    { kind: 'suspect', machine: B, group: null, n: 4_000 },
    { kind: 'suspect', machine: A, group: null, n: 9_000 },
    { kind: 'one_machine', machine: null, group: null, n: 2 },
  ],
  is_partial: false,
};

describe('the drawing of the ring', () => {
  it('has positions clockwise from the top', () => {
    expect(point(turn('0000000000000000'), 100)).toEqual({ x: SIDE / 2, y: SIDE / 2 - 100 });
    expect(point(turn('4000000000000000'), 100)).toEqual({ x: SIDE / 2 + 100, y: SIDE / 2 });
    expect(point(turn('ffffffffffffffff'), 100).x).toBeCloseTo(SIDE / 2);
  });

  it('has a range as long as its part of the ring, over the top too, and the whole ring if it is one', () => {
    expect(share({ start: 'c000000000000000', end: '4000000000000000' })).toBe(0.5);
    expect(share({ start: '1234000000000000', end: '1234000000000000' })).toBe(1);
    // A whole turn whose ends meet would be drawn as nothing.
    expect(arc({ start: '1234000000000000', end: '1234000000000000' }).match(/A/g)).toHaveLength(2);
    expect(arc({ start: '0000000000000000', end: '4000000000000000' }).match(/A/g)).toHaveLength(1);
  });

  it('has every member within the square, once, and none that has left', () => {
    const drawn = picture(status);
    expect(drawn.machines.map((one) => one.name)).toEqual(['aaaa0', 'aaaa1', 'cccc0']);
    for (const { at, label } of drawn.machines) {
      for (const length of [at.x, at.y, label.x, label.y]) expect(length > 0 && length < SIDE).toBe(true);
    }
  });

  it('leads from a range to its copies, and knows the leader and who does not vote', () => {
    const [first, second] = picture(status).ranges;
    expect(first?.chords.map(({ machine, kind }) => [machine, kind])).toEqual([
      [A, 'leader'],
      [B, 'learner'],
    ]);
    expect([first?.health, second?.health]).toEqual(['whole', 'lost']);
  });

  it('keeps labels of machines that stand close on two heights', () => {
    const close = { ...status, machines: [machine(A, '4000000000000000'), machine(B, '4100000000000000')] };
    const [one, other] = picture(close).machines;
    expect(Math.hypot((one?.label.x ?? 0) - (other?.label.x ?? 0), (one?.label.y ?? 0) - (other?.label.y ?? 0))).toBeGreaterThan(10);
  });

  it('names ids as shortly as they can be told apart', () => {
    expect([...shortNames([A, C]).values()]).toEqual(['aaaa', 'cccc']);
    expect([...shortNames([A, B, A]).values()]).toEqual(['aaaa0', 'aaaa1']);
    expect(shortNames([]).size).toBe(0);
  });
});

it('notes of one kind are one sentence about all that they name', () => {
  expect(gathered(status)).toEqual([
    { kind: 'no_majority', which: ['f100'], n: 1 },
    { kind: 'suspect', which: ['aaaa1', 'aaaa0'], n: 4_000 },
    { kind: 'one_machine', which: [], n: 2 },
  ]);
});

describe('the days of the ring', () => {
  it('have no holes, and end today', () => {
    const days = lastDays([{ day: '2026-02-27', accounts: 2, dweets: 5 }, { day: '2025-01-01', accounts: 9, dweets: 9 }], new Date('2026-03-01T00:30:00Z'), 3);
    expect(days.map(({ day, accounts }) => [day, accounts])).toEqual([
      ['2026-02-27', 2],
      ['2026-02-28', 0],
      ['2026-03-01', 0],
    ]);
    expect([sum(days, 'accounts'), sum(days, 'dweets')]).toEqual([2, 5]);
  });
});

describe('what happens on the ring', () => {
  const event = (time_ms: number) => ({ time_ms, kind: 'leader', machine: A, group: null });
  const times = (past: { events: readonly { time_ms: number }[] }) => past.events.map(({ time_ms }) => time_ms);

  it('stands there newest first, each once', () => {
    const first = told({ events: [], next: undefined }, { events: [event(1), event(2)], next: 'x-2', missed: false });
    const second = told(first, { events: [event(3)], next: 'x-3', missed: false });
    expect([times(second), second.next]).toEqual([[3, 2, 1], 'x-3']);
  });

  it('begins anew where another machine tells it, or something was missed', () => {
    const before = { events: [event(2), event(1)], next: 'x-2' };
    expect(times(told(before, { events: [event(1), event(2), event(3)], next: 'y-3', missed: true }))).toEqual([3, 2, 1]);
  });

  it('does not grow without end', () => {
    const many = Array.from({ length: 400 }, (_, at) => event(at));
    const past = told({ events: [], next: undefined }, { events: many, next: 'x-400', missed: false });
    expect(past.events.length).toBe(50);
    expect(past.events[0]?.time_ms).toBe(399);
  });

  it('is asked for ever more rarely where nobody answers, and at last once in a minute', () => {
    expect([0, 1, 2, 9].map(pause)).toEqual([3_000, 6_000, 12_000, 60_000]);
  });
});
