// A conversation as a list: what the dweet answers, the dweet, and its answers, each under what it answers.
import type { Schemas, Status } from './api';

export interface Line {
  status: Status;
  depth: number;
}

/** The answers of a dweet, with how deep each stands. They come depth first. */
export function lines(of: string, descendants: Schemas['Context']['descendants']): Line[] {
  const depths = new Map<string, number>([[of, 0]]);
  return descendants.map((status) => {
    const depth = (depths.get(status.in_reply_to_id ?? '') ?? 0) + 1;
    depths.set(status.id, depth);
    return { status, depth: depth - 1 };
  });
}
