export function until<T>(condition: () => T | Promise<T>, what: string, limitMs?: number): Promise<NonNullable<T>>;

/** The program under test. */
export const BINARY: string;

export class Machine {
  static found(): Promise<Machine>;
  static join(member: Machine): Promise<Machine>;
  readonly url: string;
  readonly port: number;
  start(): Promise<Machine>;
  role(nick: string, role: 'member' | 'moderator' | 'admin'): Promise<unknown>;
  kill(): Promise<void>;
  end(): Promise<void>;
}
