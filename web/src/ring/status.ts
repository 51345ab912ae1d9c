// What the ring tells of itself (`/api/tertulia/v1/ring`, crates/types/src/ring): fields are only ever added.

export type State = 'alive' | 'suspect' | 'dead' | 'leaving' | 'left' | 'removed';

export interface Machine {
  id: string;
  role: 'node' | 'replica' | 'gateway';
  state: State;
  /** Sixteen hexadecimal digits; gateways stand nowhere. */
  position: string | null;
  is_entry: boolean;
  version: string | null;
  /** Whether it is the machine that was asked. */
  is_this: boolean;
  silent_for_ms: number | null;
}

export interface Copy {
  machine: string;
  kind: 'voter' | 'learner';
  lag_entries: number | null;
  /** It stays until another copy has taken its place. */
  is_stranger: boolean;
}

export interface Range {
  group: string;
  range: { start: string; end: string };
  leader: string | null;
  copies: readonly Copy[];
  rows: number | null;
  bytes: number | null;
}

export interface Note {
  kind: string;
  machine: string | null;
  group: string | null;
  n: number | null;
}

export interface RingStatus {
  ring: { name: string; replicas: number };
  machines: readonly Machine[];
  ranges: readonly Range[];
  /** How many machines may be lost now, whichever they are. */
  tolerates: number;
  notes: readonly Note[];
  is_partial: boolean;
}

export interface RingEvent {
  time_ms: number;
  kind: string;
  machine: string | null;
  group: string | null;
}
