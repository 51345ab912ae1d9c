import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { openBackup, sealBackup } from '../src/chat/backup';
import { readCode } from '../src/chat/code';
import { BINARY, Machine, until } from '../scripts/machine.mjs';
import { enter, expect, nick, somebody, test, type Person } from './ring';

/** Somebody's computer with the terminal client. */
class Terminal {
  readonly nick: string;
  private readonly home = mkdtempSync(join(tmpdir(), 'tertulia-home-'));

  constructor(
    private readonly machine: Machine,
    name: string,
  ) {
    this.nick = nick(name);
    this.run('register', this.nick);
  }

  run<T>(...words: string[]): T {
    const own = { TERTULIA_HOME: this.home, TERTULIA_PASSWORD: 'correct horse', TERTULIA_AGENT: 'off', LC_ALL: 'C.UTF-8' };
    const options = { env: { ...process.env, ...own }, encoding: 'utf8', timeout: 60_000 } as const;
    const done = spawnSync(BINARY, [...words, '--server', this.machine.url, '--json'], options);
    if (done.status !== 0) throw new Error(`${words.join(' ')}: ${done.status} ${done.stdout} ${done.stderr}`);
    return JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '') as T;
  }

  heard(of: string): string[] {
    const { messages } = this.run<{ messages: { text: string; event: string | null }[] }>('read', of);
    return messages.filter(({ event }) => event === null).map(({ text }) => text);
  }

  end(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

const opened: BrowserContext[] = [];
test.afterEach(async () => {
  for (const context of opened.splice(0)) await context.close();
});

/** A page of somebody's, in a browser of its own, at one of the machines. */
async function pageOf(browser: Browser, machine: Machine, person: Person): Promise<Page> {
  const context = await browser.newContext({ baseURL: machine.url, locale: 'en-GB', timezoneId: 'UTC' });
  opened.push(context);
  await enter(context, person);
  const page = await context.newPage();
  await page.goto('/messages');
  return page;
}

async function begin(page: Page, nick: string): Promise<void> {
  await page.getByLabel('With whom? Their nick').fill(nick);
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await expect(page.getByLabel('Write a message')).toBeVisible();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Write a message').fill(text);
  await page.getByLabel('Write a message').press('Enter');
  await expect(page.getByLabel('Write a message')).toHaveValue('');
}

const log = (page: Page) => page.getByRole('log', { name: 'What was said' });
const message = (page: Page, text: string) => log(page).getByRole('article').filter({ hasText: text });
const inList = (page: Page, name: string) => page.getByRole('list', { name: 'Conversations' }).getByRole('link').filter({ hasText: name });

/** Their browser is one of their devices: others can write to them. */
async function ready(page: Page): Promise<void> {
  await expect(page.getByLabel('With whom? Their nick')).toBeVisible();
}

test('two pages talk, with ticks, a second tab and the keyboard alone', async ({ browser, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  const [one, other] = [await pageOf(browser, machine, ana), await pageOf(browser, machine, ben)];
  await ready(one);
  await ready(other);
  // The keyboard alone.
  await one.getByLabel('With whom? Their nick').focus();
  await one.keyboard.type(ben.nick);
  await one.keyboard.press('Enter');
  await expect(one.getByLabel('Write a message')).toBeVisible();
  await one.getByLabel('Write a message').focus();
  await one.keyboard.type('Hola, ben');
  await one.keyboard.press('Enter');
  await expect(message(one, 'Hola, ben')).toBeVisible();
  // She is a stranger to him, until he agrees.
  await other.getByText('1 stranger asks for a conversation').click();
  await other.getByRole('list', { name: 'A stranger asks' }).getByRole('link').click();
  await expect(message(other, 'Hola, ben')).toBeVisible();
  await expect(message(one, 'Hola, ben')).toContainText('sent');
  await other.getByRole('button', { name: 'Agree' }).click();
  await expect(message(one, 'Hola, ben')).toContainText('read');
  await say(other, '¿qué tal?');
  await expect(message(one, '¿qué tal?')).toBeVisible();
  await expect(log(one).getByRole('heading', { name: 'Today' })).toBeVisible();
  await other.goto('/messages');
  await say(one, 'and now?');
  await expect(inList(other, ana.nick)).toContainText('and now?');
  await expect(inList(other, ana.nick)).toContainText('1 unread message');
  await expect(message(one, 'and now?')).toContainText('delivered');
  await expect(other.getByRole('navigation').getByRole('link', { name: /Messages/ })).toContainText('1');
  await inList(other, ana.nick).click();
  await expect(message(one, 'and now?')).toContainText('read');

  const tab = await one.context().newPage();
  await tab.goto(one.url());
  await expect(message(tab, '¿qué tal?')).toBeVisible();
  await say(tab, 'from the second tab');
  await expect(message(one, 'from the second tab')).toBeVisible();
  await expect(message(other, 'from the second tab')).toBeVisible();
  // The one that did the work goes; the other takes over.
  await one.close();
  await say(tab, 'after the first is gone');
  await expect(message(other, 'after the first is gone')).toHaveCount(1);
  await expect(message(tab, 'after the first is gone')).toContainText(/delivered|read/);
  await tab.reload();
  await expect(message(tab, 'after the first is gone')).toHaveCount(1);
});

test('a page and the terminal talk, in two and in a room', async ({ browser, machine }) => {
  const ana = await somebody(machine, 'ana');
  const ben = new Terminal(machine, 'ben');
  const page = await pageOf(browser, machine, ana);
  await ready(page);
  await begin(page, ben.nick);
  await say(page, 'to the terminal');
  await expect(message(page, 'to the terminal')).toContainText('sent');
  expect(ben.heard(ana.nick)).toEqual(['to the terminal']);
  ben.run('send', ana.nick, 'to the page');
  await expect(message(page, 'to the page')).toBeVisible();

  await page.goto('/messages');
  await page.getByText('New room').click();
  await page.getByLabel('Name of the room').fill('Plaza');
  await page.getByLabel('Who is to be in it?').fill(ben.nick);
  await page.getByRole('button', { name: 'Make the room' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Plaza' })).toBeVisible();
  await say(page, 'hello room');
  await expect(message(page, 'hello room')).toContainText('sent');
  await until(() => ben.heard('+plaza').includes('hello room'), 'the room has it');
  ben.run('room', 'rename', '+plaza', 'Corro');
  await expect(log(page)).toContainText('called the room “Corro”');
  await page.getByRole('link', { name: 'People, name, safety number' }).click();
  await page.getByRole('button', { name: `Put out @${ben.nick}` }).click();
  await expect(page.getByRole('list').getByText(`@${ben.nick}`)).toHaveCount(0);
  ben.end();
});

test('a wiped browser is let in again by the terminal, and by the recovery code', async ({ browser, machine }) => {
  // A code is stretched four times, which takes a while where the computer has other things to do.
  test.setTimeout(240_000);
  const ben = new Terminal(machine, 'ben');
  const ana = new Terminal(machine, 'ana');
  ana.run('send', ben.nick, 'said before');
  const { access_token: token } = (await (
    await fetch(`${machine.url}/api/tertulia/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ nick: ana.nick, password: 'correct horse' }),
    })
  ).json()) as { access_token: string };
  const me = await fetch(`${machine.url}/api/v1/accounts/verify_credentials`, { headers: { authorization: `Bearer ${token}` } });
  const person = { nick: ana.nick, token, id: ((await me.json()) as { id: string }).id };
  const page = await pageOf(browser, machine, person);
  await page.getByRole('button', { name: 'Show a code' }).click();
  const code = await page.getByTestId('link-code').textContent();
  await expect(page.getByRole('img', { name: 'The same code as a picture' })).toBeVisible();
  ana.run('link', code ?? '', '--yes');
  await expect(inList(page, ben.nick)).toContainText('said before');
  await page.goto('/messages/devices');
  await page.getByRole('button', { name: 'Back up', exact: true }).click();
  const recovery = await page.getByTestId('recovery-code').textContent();
  await page.context().close();

  // Another browser knows nothing of it.
  const wiped = await pageOf(browser, machine, person);
  await wiped.getByText('I have lost them: recovery code').click();
  await wiped.getByLabel('Code').fill(recovery ?? '');
  await wiped.getByRole('button', { name: 'Recover', exact: true }).click();
  await expect(inList(wiped, ben.nick)).toBeVisible({ timeout: 30_000 });
  ben.run('send', ana.nick, 'are you there?');
  await expect(inList(wiped, ben.nick)).toContainText('are you there?');
  for (const terminal of [ana, ben]) terminal.end();
});

test('the machine of a page dies meanwhile: it goes on with another one of the ring', async ({ browser }) => {
  test.setTimeout(240_000);
  const first = await Machine.found();
  const machines = [first, await Machine.join(first), await Machine.join(first)];
  try {
    const [ana, ben] = [await somebody(first, 'ana'), await somebody(first, 'ben')];
    const one = await pageOf(browser, machines[1] as Machine, ana);
    const other = await pageOf(browser, machines[2] as Machine, ben);
    await ready(one);
    await ready(other);
    await begin(one, ben.nick);
    await say(one, 'through two machines');
    await other.getByText('1 stranger asks for a conversation').click();
    await other.getByRole('list', { name: 'A stranger asks' }).getByRole('link').click();
    await expect(message(other, 'through two machines')).toBeVisible();
    await machines[2]?.kill();
    await say(other, 'my machine is gone');
    await expect(message(one, 'my machine is gone')).toBeVisible({ timeout: 60_000 });
    await say(one, 'I hear you');
    await expect(message(other, 'I hear you')).toBeVisible({ timeout: 60_000 });
  } finally {
    for (const machine of machines) await machine.end();
  }
});

test('without encryption on the way there are no messages, but an explanation; the rest works', async ({ browser, machine }) => {
  const ana = await somebody(machine, 'ana');
  const context = await browser.newContext({ baseURL: machine.url, locale: 'en-GB' });
  opened.push(context);
  await enter(context, ana);
  // What a browser does with a page that came over plain http from another computer.
  await context.addInitScript(() => {
    Object.defineProperty(window, 'isSecureContext', { value: false });
    Object.defineProperty(crypto, 'subtle', { value: undefined });
  });
  const page = await context.newPage();
  await page.goto('/messages');
  await expect(page.getByText('Messages need a page that nobody has changed on its way.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'How to trust the ring' })).toHaveAttribute('href', '/trust');
  await page.goto('/home');
  await page.getByLabel('What is going on?').fill('still here');
  await page.getByRole('button', { name: 'Dweet', exact: true }).click();
  await expect(page.locator('article.dweet').filter({ hasText: 'still here' })).toBeVisible();
});

/** A backup with many messages more in it: years of talk. */
async function grown(backup: Uint8Array, code: string, of: Person, conversation: string, count: number): Promise<Buffer> {
  const read = readCode(code);
  const [number, plain] = await openBackup(read, 0, backup);
  const kept = JSON.parse(new TextDecoder().decode(plain)) as { page: { said: object[] } };
  const [newest] = kept.page.said as { sent_ms: number }[];
  const years = Array.from({ length: count }, (_, at) => ({
    conversation,
    id: at.toString(16).padStart(32, '0'),
    sender: of.id,
    sent_ms: (newest?.sent_ms ?? 0) - (at + 1) * 600_000,
    text: `number ${count - at}\n`.repeat(1 + (at % 4)).trim(),
    reply_to: null,
    event: null,
    subject: null,
    is_read: true,
    progress: [],
  }));
  kept.page.said.push(...years);
  return Buffer.from(await sealBackup(read, number, new TextEncoder().encode(JSON.stringify(kept))));
}

test('ten thousand messages scroll smoothly: few rows are in the page, and old ones come', async ({ browser, machine }) => {
  test.setTimeout(300_000);
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  const [one, other] = [await pageOf(browser, machine, ana), await pageOf(browser, machine, ben)];
  await ready(one);
  await ready(other);
  await begin(one, ben.nick);
  const chat = new URL(one.url()).pathname;
  await say(one, 'the newest');
  await expect(message(one, 'the newest')).toContainText(/sent|delivered/);
  await one.goto('/messages/devices');
  await one.getByRole('button', { name: 'Back up', exact: true }).click();
  const code = (await one.getByTestId('recovery-code').textContent()) ?? '';
  const saving = one.waitForEvent('download');
  await one.getByRole('button', { name: 'Save the file' }).click();
  const backup = await readFile(await (await saving).path());
  const file = await grown(backup, code, ben, chat.split('/').at(-1) ?? '', 10_000);
  await one.context().close();

  const page = await pageOf(browser, machine, ana);
  await page.getByText('I have lost them: recovery code').click();
  await page.getByLabel('Code').fill(code);
  await page.getByLabel('File of a backup').setInputFiles({ name: 'years.backup', mimeType: 'application/octet-stream', buffer: file });
  await page.getByRole('button', { name: 'Recover', exact: true }).click();
  await expect(inList(page, ben.nick)).toBeVisible({ timeout: 120_000 });
  await page.goto(chat);
  await expect(message(page, 'the newest')).toBeVisible();
  expect(await log(page).getByRole('article').count()).toBeLessThan(80);
  // Upwards, until hundreds have come; what is seen stays where it is.
  await until(async () => {
    await log(page).evaluate((list) => (list.scrollTop = 0));
    const first = await log(page).getByRole('article').first().textContent();
    return Number(/number (\d+)/.exec(first ?? '')?.[1] ?? 10_000) <= 9_000;
  }, 'a thousand messages back');
  expect(await log(page).getByRole('article').count()).toBeLessThan(80);
  const longest = await log(page).evaluate(async (list) => {
    let [last, longest] = [performance.now(), 0];
    for (let step = 0; step < 60; step += 1) {
      list.scrollTop += 400;
      await new Promise(requestAnimationFrame);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    return longest;
  });
  test.info().annotations.push({ type: 'the longest frame', description: `${Math.round(longest)} ms` });
  await page.getByRole('button', { name: 'To the newest message' }).click();
  await expect(message(page, 'the newest')).toBeVisible();
});

for (const { language, theme, width } of [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'es', theme: 'dark', width: 320 },
] as const) {
  test(`messages can be used by everybody: ${language}, ${theme}, ${width} wide`, async ({ browser, machine }) => {
    test.setTimeout(120_000);
    const ana = await somebody(machine, 'ana');
    const ben = new Terminal(machine, 'ben');
    const page = await pageOf(browser, machine, ana);
    await ready(page);
    await begin(page, ben.nick);
    await say(page, `hola ${'w'.repeat(120)}`);
    await expect(message(page, 'hola')).toContainText('sent');
    ben.run('send', ana.nick, 'a text from the other side');
    await expect(message(page, 'from the other side')).toBeVisible();
    const chat = new URL(page.url()).pathname;
    await page.evaluate(
      ([wanted, colours]) => {
        localStorage.setItem('tertulia.language', JSON.stringify(wanted));
        localStorage.setItem('tertulia.theme', JSON.stringify(colours));
      },
      [language, theme] as const,
    );
    await page.setViewportSize({ width, height: 720 });
    for (const path of ['/messages', chat, `${chat}/about`, '/messages/devices', '/messages/contacts']) {
      await page.goto(path);
      await expect(page.getByText(/Opening your messages|Abriendo tus mensajes/)).toHaveCount(0);
      if (path.endsWith('about')) await expect(page.getByTestId('number')).toBeVisible();
      if (path === chat) await expect(message(page, 'hola').or(page.getByText(/hola w/)).first()).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
      expect(violations.map(({ id: rule, nodes }) => `${path}: ${rule} ${nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
    }
    ben.end();
  });
}
