// The real terminal client on a computer of its own, for the tests and scripts. Every command has a limit.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY } from './machine.mjs';

export class Terminal {
  /** Somebody new, registered at a machine. */
  constructor(machine, nick, name = nick) {
    this.nick = nick;
    this.machine = machine;
    this.home = mkdtempSync(join(tmpdir(), 'tertulia-home-'));
    this.run('register', nick, '--name', name);
  }

  /** What a command answers as JSON. */
  run(...words) {
    const own = { TERTULIA_HOME: this.home, TERTULIA_PASSWORD: 'correct horse', TERTULIA_AGENT: 'off', LC_ALL: 'C.UTF-8' };
    const options = { env: { ...process.env, ...own }, encoding: 'utf8', timeout: 60_000 };
    const done = spawnSync(BINARY, [...words, '--server', this.machine.url, '--json'], options);
    if (done.status !== 0) throw new Error(`${words.join(' ')}: ${done.status} ${done.stdout} ${done.stderr}`);
    return JSON.parse(done.stdout.trim().split('\n').at(-1));
  }

  /** What was said in a conversation. */
  heard(of) {
    const { messages } = this.run('read', of);
    return messages.filter(({ event }) => event === null).map(({ text }) => text);
  }

  end() {
    rmSync(this.home, { recursive: true, force: true });
  }
}
