// What the tests of the page share: a machine, people, and an eye on what no page may do.
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { Machine } from '../scripts/machine.mjs';

export interface Person {
  nick: string;
  id: string;
  token: string;
}

let last = 0;
/** A nick that nobody has yet. */
export const nick = (name: string) => `${name}${(last += 1)}`;

async function call(machine: Machine, method: string, path: string, token: string | null, body?: unknown): Promise<unknown> {
  const answer = await fetch(machine.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const said: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

/** Somebody new, made without a browser. */
export async function somebody(machine: Machine, name: string, display = name): Promise<Person> {
  const own = nick(name);
  const { access_token: token } = (await call(machine, 'POST', '/api/tertulia/v1/register', null, {
    nick: own,
    name: display,
    password: 'correct horse',
  })) as { access_token: string };
  return known(machine, own, token);
}

/** Somebody who is there already, logged in without a browser. */
export async function personOf(machine: Machine, own: string): Promise<Person> {
  const entered = await call(machine, 'POST', '/api/tertulia/v1/login', null, { nick: own, password: 'correct horse' });
  return known(machine, own, (entered as { access_token: string }).access_token);
}

async function known(machine: Machine, own: string, token: string): Promise<Person> {
  const { id } = (await call(machine, 'GET', '/api/v1/accounts/verify_credentials', token)) as { id: string };
  return { nick: own, id, token };
}

export async function dweet(machine: Machine, by: Person, status: string, more: object = {}): Promise<string> {
  return ((await call(machine, 'POST', '/api/v1/statuses', by.token, { status, ...more })) as { id: string }).id;
}

export async function follow(machine: Machine, by: Person, whom: Person): Promise<void> {
  await call(machine, 'POST', `/api/v1/accounts/${whom.id}/follow`, by.token);
}

export async function act(machine: Machine, by: Person, method: string, path: string, body?: unknown): Promise<unknown> {
  return call(machine, method, path, by.token, body);
}

/** Tells the moderators of somebody, and waits until they can read it. */
export async function report(machine: Machine, by: Person, about: Person, dweets: string[], comment: string, reader: Person): Promise<void> {
  await act(machine, by, 'POST', '/api/v1/reports', { account_id: about.id, status_ids: dweets, comment, category: 'spam' });
  await expect.poll(async () => JSON.stringify(await act(machine, reader, 'GET', '/api/tertulia/v1/moderation/reports'))).toContain(comment);
}

/** Waits until a ring can lose a machine, and says so to whoever asks where else to enter it. */
export async function whole(machine: Machine): Promise<void> {
  const read = async (path: string) => call(machine, 'GET', path, null);
  await expect
    .poll(async () => ((await read('/api/tertulia/v1/ring')) as { tolerates: number }).tolerates, { timeout: 60_000 })
    .toBeGreaterThan(0);
  await expect
    .poll(async () => ((await read('/api/tertulia/v1/entries')) as { machines: unknown[] }).machines.length, { timeout: 60_000 })
    .toBe(3);
}

/** The dweets on somebody's profile, as anybody reads them. */
export async function written(machine: Machine, by: Person): Promise<string[]> {
  const found = (await call(machine, 'GET', `/api/v1/accounts/${by.id}/statuses`, null)) as { content: string }[];
  return found.map(({ content }) => content);
}

/** The browser is theirs from its next page on. */
export async function enter(context: BrowserContext, person: Person): Promise<void> {
  await context.addInitScript((session) => {
    // Tools open blank documents beside the page's.
    if (!location.protocol.startsWith('http')) return;
    if (!sessionStorage.getItem('entered')) localStorage.setItem('tertulia.session', session);
    sessionStorage.setItem('entered', 'yes');
  }, JSON.stringify({ ...person, name: person.nick }));
}

/** Notes whatever a page asks of another host, or is refused by its policy, or throws. */
function watch(context: BrowserContext, hosts: Set<string>, wrong: string[]): void {
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(http|ws)/.test(url.protocol) && !hosts.has(url.host)) wrong.push(`asked ${request.url()}`);
  });
  context.on('weberror', (error) => wrong.push(`threw ${error.error().message}`));
  context.on('console', (message) => {
    if (/Content Security Policy|violates/.test(message.text())) wrong.push(`refused ${message.text()}`);
  });
  context.on('dialog', (dialog) => {
    wrong.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
}

interface Fixtures {
  /** Hosts that pages may ask: the machine's, and what a test adds. */
  hosts: Set<string>;
  /** Three machines of a ring of the test's own. */
  three: [Machine, Machine, Machine];
  /** Somebody's browser at a machine, or nobody's: it is closed with the test. */
  browserOf: (machine: Machine, person: Person | null) => Promise<BrowserContext>;
  wrong: string[];
  watch: void;
}

export const test = base.extend<Fixtures, { machine: Machine }>({
  machine: [
    async ({}, use) => {
      const machine = await Machine.found();
      await use(machine);
      await machine.end();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  baseURL: async ({ machine }, use) => use(machine.url),
  hosts: async ({ machine }, use) => use(new Set([`127.0.0.1:${machine.port}`])),
  three: async ({ hosts }, use) => {
    const first = await Machine.found();
    const three: [Machine, Machine, Machine] = [first, await Machine.join(first), await Machine.join(first)];
    for (const { port } of three) hosts.add(`127.0.0.1:${port}`);
    await use(three);
    for (const one of three) await one.end();
  },
  browserOf: async ({ browser, hosts, wrong, serviceWorkers }, use) => {
    const opened: BrowserContext[] = [];
    await use(async (machine, person) => {
      hosts.add(`127.0.0.1:${machine.port}`);
      const context = await browser.newContext({ baseURL: machine.url, locale: 'en-GB', timezoneId: 'UTC', serviceWorkers });
      opened.push(context);
      watch(context, hosts, wrong);
      if (person) await enter(context, person);
      return context;
    });
    for (const context of opened) await context.close();
  },
  wrong: async ({}, use) => use([]),
  watch: [
    async ({ context, hosts, wrong }, use) => {
      watch(context, hosts, wrong);
      await use();
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

/** The card with this text. */
export const card = (page: Page, text: string | RegExp) => page.locator('article.dweet').filter({ hasText: text });

export { expect };
