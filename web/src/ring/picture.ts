// The ring as a drawing: where each machine stands, where each range lies, who keeps copies of it; and what the notes are about.
//
// Invariant: pure: no request, no clock, no word of a language.
import type { Machine, Note, Range, RingStatus } from './status';

/** The drawing's square. */
export const SIDE = 320;
const RADIUS = 108;
/** Machines that stand nowhere on the ring are drawn within it. */
const INNER_RADIUS = 36;
const LABEL_RADIUS = 132;
/** Labels that would touch stand on two heights. */
const CLOSE = 0.045;
const LABEL_STEP = 14;
/** What is left open between two ranges, in turns. */
const GAP = 0.006;
/** Names as short as this, if they are still different. */
const NAME_LENGTH_MIN = 4;

export interface Point {
  x: number;
  y: number;
}

/** Where a position is, in turns from the top, clockwise. */
export function turn(position: string): number {
  return Number.parseInt(position.slice(0, 8), 16) / 2 ** 32;
}

export function point(turns: number, radius: number): Point {
  const angle = turns * 2 * Math.PI;
  return { x: round(SIDE / 2 + radius * Math.sin(angle)), y: round(SIDE / 2 - radius * Math.cos(angle)) };
}

function round(length: number): number {
  return Math.round(length * 100) / 100;
}

/** How much of the ring lies between two positions; all of it when they are one. */
export function share({ start, end }: Range['range']): number {
  const between = turn(end) - turn(start);
  return between > 0 ? between : between + 1;
}

/** A range on the circle. */
export function arc(range: Range['range'], radius = RADIUS): string {
  const length = share(range);
  const gap = Math.min(GAP, length / 4);
  const from = turn(range.start) + gap / 2;
  // A whole turn has no beginning and end in SVG: two halves have.
  const steps = length > 0.5 ? 2 : 1;
  const stretch = (length - gap) / steps;
  let path = '';
  for (let step = 0; step <= steps; step += 1) {
    const { x, y } = point(from + step * stretch, radius);
    path += step === 0 ? `M${x} ${y}` : `A${radius} ${radius} 0 ${stretch > 0.5 ? 1 : 0} 1 ${x} ${y}`;
  }
  return path;
}

/** The shortest beginnings by which ids can be told apart. */
export function shortNames(ids: readonly string[]): Map<string, string> {
  const unique = new Set(ids);
  let length = NAME_LENGTH_MIN;
  while (length < 16 && new Set([...unique].map((id) => id.slice(0, length))).size < unique.size) length += 1;
  return new Map([...unique].map((id) => [id, id.slice(0, length)]));
}

export type Health = 'whole' | 'weak' | 'lost';

export function health(group: string, notes: readonly Note[]): Health {
  const kinds = notes.filter((note) => note.group === group).map((note) => note.kind);
  if (kinds.includes('no_majority')) return 'lost';
  return kinds.includes('weak') || kinds.includes('no_leader') ? 'weak' : 'whole';
}

export interface DrawnMachine {
  machine: Machine;
  name: string;
  at: Point;
  label: Point;
  anchor: 'start' | 'middle' | 'end';
}

/** A line from a range to a machine that keeps a copy of it. */
export interface Chord {
  machine: string;
  kind: 'leader' | 'voter' | 'learner';
  path: string;
}

export interface DrawnRange {
  range: Range;
  name: string;
  health: Health;
  path: string;
  chords: Chord[];
}

export interface Picture {
  machines: DrawnMachine[];
  ranges: DrawnRange[];
}

/** Machines that have left are of the past; the events tell of them. */
export function members(status: RingStatus): Machine[] {
  return status.machines.filter((machine) => machine.state !== 'left' && machine.state !== 'removed');
}

export function picture(status: RingStatus): Picture {
  const there = members(status);
  const names = namesOf(status);
  const within = there.filter((machine) => machine.position === null);
  const machines: DrawnMachine[] = [];
  let before: { at: number; isOut: boolean } | null = null;
  for (const machine of there) {
    const name = names.machine(machine.id);
    if (machine.position === null) {
      const n = within.indexOf(machine);
      const at = point(n / within.length, within.length === 1 ? 0 : INNER_RADIUS);
      machines.push({ machine, name, at, label: { x: at.x, y: at.y + 22 }, anchor: 'middle' });
      continue;
    }
    const turns = turn(machine.position);
    const isOut: boolean = before !== null && turns - before.at < CLOSE && !before.isOut;
    before = { at: turns, isOut };
    const label = point(turns, LABEL_RADIUS + (isOut ? LABEL_STEP : 0));
    const side = Math.sin(turns * 2 * Math.PI);
    const anchor = Math.abs(side) < 0.35 ? 'middle' : side > 0 ? 'start' : 'end';
    // A word at the side would run out of the drawing; so it stands nearer.
    const x = anchor === 'middle' ? label.x : label.x - Math.sign(side) * 8;
    machines.push({ machine, name, at: point(turns, RADIUS), label: { x, y: label.y + 4 }, anchor });
  }
  const places = new Map(machines.map(({ machine, at }) => [machine.id, at]));
  const ranges = status.ranges.map((range) => ({
    range,
    name: names.range(range.group),
    health: health(range.group, status.notes),
    path: arc(range.range),
    chords: chords(range, places),
  }));
  return { machines, ranges };
}

function chords(range: Range, places: ReadonlyMap<string, Point>): Chord[] {
  const from = point(turn(range.range.start) + share(range.range) / 2, RADIUS - 8);
  return range.copies.flatMap(({ machine, kind }) => {
    const to = places.get(machine);
    if (!to) return [];
    const bend = (a: number, b: number) => round((a + b) / 2 + (SIDE / 2 - (a + b) / 2) * 0.6);
    return {
      machine,
      kind: machine === range.leader ? ('leader' as const) : kind,
      path: `M${from.x} ${from.y}Q${bend(from.x, to.x)} ${bend(from.y, to.y)} ${to.x} ${to.y}`,
    };
  });
}

/** What machines and ranges are called here. */
export function namesOf(status: RingStatus) {
  const machines = shortNames(status.machines.map(({ id }) => id));
  const ranges = shortNames(status.ranges.map(({ group }) => group));
  return {
    machine: (id: string | null) => (id === null ? '' : (machines.get(id) ?? id.slice(0, NAME_LENGTH_MIN))),
    range: (group: string | null) => (group === null ? '' : (ranges.get(group) ?? group.slice(0, NAME_LENGTH_MIN))),
  };
}

/** Notes of one kind are one sentence, about all that they name. */
export interface Said {
  kind: string;
  which: string[];
  n: number;
}

export function gathered(status: RingStatus): Said[] {
  const names = namesOf(status);
  const all = new Map<string, Said>();
  for (const { kind, machine, group, n } of status.notes) {
    const said = all.get(kind) ?? { kind, which: [], n: n ?? 0 };
    if (machine ?? group) said.which.push(machine ? names.machine(machine) : names.range(group));
    all.set(kind, said);
  }
  return [...all.values()];
}
