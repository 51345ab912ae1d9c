/** A real machine, and the real terminal client at it: TERTULIA_BIN, or what `make script-tests` builds. Every wait has a limit. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINARY = process.env.TERTULIA_BIN ?? join(import.meta.dirname, '../../../../target/debug/tertulia');
export const PASSWORD = 'correct horse battery';
export const WAIT_MS_MAX = 60_000;

export class Machine {
  readonly directory = mkdtempSync(join(tmpdir(), 'tertulia-web-'));
  port = 0;
  private process: ChildProcess | undefined;

  static async start(): Promise<Machine> {
    const machine = new Machine();
    machine.port = await freePort();
    await machine.start();
    return machine;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const log = openSync(join(this.directory, 'log'), 'a');
    const words = [
      'up',
      '--data',
      join(this.directory, 'data'),
      '--http',
      `127.0.0.1:${this.port}`,
      '--peer',
      '127.0.0.1:0',
    ];
    const env = { ...process.env, TERTULIA_RATE_LIMIT: 'off' };
    this.process = spawn(BINARY, words, { stdio: ['ignore', log, log], env });
    await until('the machine is ready', async () => {
      if (this.process?.exitCode !== null)
        throw new Error(`the machine ended: ${readFileSync(join(this.directory, 'log'), 'utf8')}`);
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined))?.ok;
    });
  }

  async kill(): Promise<void> {
    const ending = this.process;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Registers somebody by the API: their token and account. */
  async register(nick: string): Promise<{ token: string; account: string }> {
    return this.enter('register', nick);
  }

  async login(nick: string): Promise<{ token: string; account: string }> {
    return this.enter('login', nick);
  }

  private async enter(door: string, nick: string): Promise<{ token: string; account: string }> {
    const body = JSON.stringify({ nick, password: PASSWORD });
    const headers = { 'content-type': 'application/json' };
    const entered = await fetch(`${this.url}/api/tertulia/v1/${door}`, { method: 'POST', body, headers });
    if (!entered.ok) throw new Error(await entered.text());
    const { access_token: token } = (await entered.json()) as { access_token: string };
    const me = await fetch(`${this.url}/api/v1/accounts/verify_credentials`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return { token, account: ((await me.json()) as { id: string }).id };
  }

  /** Somebody's computer with the terminal client. */
  terminal(nick: string): Terminal {
    return new Terminal(this, nick);
  }
}

interface Heard {
  text: string;
  is_own: boolean;
  event: string | null;
  progress: string | null;
}

export class Terminal {
  private readonly home: string;

  constructor(
    private readonly machine: Machine,
    readonly nick: string,
    name = nick,
  ) {
    this.home = join(machine.directory, name);
  }

  /** What a command answers as JSON. */
  run<T>(...words: string[]): T {
    const done = spawnSync(BINARY, [...words, '--server', this.machine.url, '--json'], this.options());
    // 3: what was said waits until it can be sent.
    if (done.status !== 0 && done.status !== 3)
      throw new Error(`${words.join(' ')}: ${done.status} ${done.stdout} ${done.stderr}`);
    return JSON.parse(done.stdout.trim().split('\n').at(-1) as string) as T;
  }

  /** A command that goes on, with what it writes. */
  begin(...words: string[]): { process: ChildProcess; said: () => string; ended: Promise<number | null> } {
    const child = spawn(BINARY, [...words, '--server', this.machine.url], {
      ...this.options(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout?.on('data', (piece: Buffer) => (said += piece.toString()));
    child.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));
    return { process: child, said: () => said, ended: new Promise((resolve) => child.once('exit', resolve)) };
  }

  /** What the other has said, or all of a room. */
  heard(of: string): string[] {
    return this.run<{ messages: Heard[] }>('read', of)
      .messages.filter(({ event }) => event === null)
      .map(({ text }) => text);
  }

  /** How far one's own messages have come. */
  steps(of: string): (string | null)[] {
    return this.run<{ messages: Heard[] }>('read', of)
      .messages.filter((message) => message.is_own)
      .map(({ progress }) => progress);
  }

  private options(): { env: NodeJS.ProcessEnv; encoding: 'utf8'; timeout: number } {
    const own = { TERTULIA_HOME: this.home, TERTULIA_PASSWORD: PASSWORD, TERTULIA_AGENT: 'off', LC_ALL: 'C.UTF-8' };
    return { env: { ...process.env, ...own }, encoding: 'utf8', timeout: WAIT_MS_MAX };
  }
}

/** The first true answer; fails with what was waited for when there is none in time. */
export async function until<T>(what: string, condition: () => Promise<T> | T): Promise<NonNullable<T>> {
  const end = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
