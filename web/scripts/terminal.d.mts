import type { Machine } from './machine.mjs';

export class Terminal {
  constructor(machine: Machine, nick: string, name?: string);
  readonly nick: string;
  run<T>(...words: string[]): T;
  heard(of: string): string[];
  end(): void;
}
