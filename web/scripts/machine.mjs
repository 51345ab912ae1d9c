// Real machines for the tests and scripts: the debug build's binary, each with a directory and ports of its own.
//
// Invariant: a machine never outlives the process that started it, and every wait has a limit.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BINARY = process.env.TERTULIA_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug', 'tertulia');
/** Long enough for a slow computer that does other things meanwhile; nothing is measured by it. */
const WAIT_MS = 60_000;

const running = new Set();
process.on('exit', () => {
  for (const machine of running) machine.process?.kill('SIGKILL');
});

/** The first true answer of `condition`; fails with `what` was waited for when there is none in time. */
export async function until(condition, what, limitMs = WAIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Machine {
  /** One that founds a ring. */
  static async found() {
    const machine = await Machine.#placed();
    machine.verb = ['up'];
    return machine.start();
  }

  /** One more of a ring, let in by one that is in. */
  static async join(member) {
    const machine = await Machine.#placed();
    const { contacts, token } = await member.token();
    machine.verb = ['join', ...contacts];
    machine.secret = { TERTULIA_TOKEN: token };
    return machine.start();
  }

  static async #placed() {
    const machine = new Machine();
    machine.folder = mkdtempSync(join(tmpdir(), 'tertulia-web-'));
    machine.port = await freePort();
    machine.peerPort = await freePort();
    return machine;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get data() {
    return join(this.folder, 'data');
  }

  /** Starts it; started again, it takes up the same data at the same address. */
  async start() {
    const log = openSync(join(this.folder, 'log'), 'a');
    const places = ['--data', this.data, '--http', `127.0.0.1:${this.port}`, '--peer', `127.0.0.1:${this.peerPort}`];
    this.process = spawn(BINARY, [...this.verb, ...places], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.secret, TERTULIA_RATE_LIMIT: 'off' },
    });
    closeSync(log);
    running.add(this);
    try {
      await until(() => this.isReady(), `the machine at ${this.url} is ready`);
    } catch (error) {
      await this.kill();
      throw new Error(`${error.message}; it said:\n${readFileSync(join(this.folder, 'log'), 'utf8')}`);
    }
    return this;
  }

  async isReady() {
    if (this.process.exitCode !== null) throw new Error(`the machine ended with ${this.process.exitCode}`);
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
    } catch {
      return false;
    }
  }

  /** What another machine joins with: where, and the secret. */
  token() {
    return this.#asOperator('token');
  }

  /** Gives somebody a role, as whoever runs the machine may. */
  role(nick, role) {
    return this.#asOperator('role', nick, role);
  }

  #asOperator(...words) {
    return new Promise((resolve, reject) => {
      const asked = spawn(BINARY, [...words, '--data', this.data, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      asked.stdout.on('data', (part) => (said += part));
      asked.once('error', reject);
      asked.once('close', (status) => {
        if (status === 0) resolve(JSON.parse(said));
        else reject(new Error(`${words.join(' ')}: ${said}`));
      });
    });
  }

  /** As a power cut does. */
  async kill() {
    const { process: child } = this;
    this.process = null;
    running.delete(this);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends it for good, and forgets its data. */
  async end() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
