import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { openBackup, sealBackup } from '../src/chat/backup';
import { readCode } from '../src/chat/code';
import { until } from '../scripts/machine.mjs';
import { Terminal } from '../scripts/terminal.mjs';
import { everybodyCanUse } from './axe';
import { begin, inList, log, message, messagesOf, ready, say } from './chat';
import { expect, nick, personOf, somebody, test, type Person } from './ring';

test('two pages talk, with ticks, a second tab and the keyboard alone', async ({ browserOf, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  const [one, other] = [await messagesOf(await browserOf(machine, ana)), await messagesOf(await browserOf(machine, ben))];
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

test('a page and the terminal talk, in two and in a room', async ({ browserOf, machine }) => {
  const ana = await somebody(machine, 'ana');
  const ben = new Terminal(machine, nick('ben'));
  const page = await messagesOf(await browserOf(machine, ana));
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

test('without encryption on the way there are no messages, but an explanation; the rest works', async ({ browserOf, machine }) => {
  const context = await browserOf(machine, await somebody(machine, 'ana'));
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

test('under a passphrase messages open when it is said, in one tab for all of them', async ({ browserOf, machine }) => {
  const page = await messagesOf(await browserOf(machine, await somebody(machine, 'ana')));
  await ready(page);
  await page.goto('/messages/devices');
  await page.getByRole('textbox', { name: 'New passphrase' }).fill('correct horse');
  await page.getByRole('button', { name: 'Set it' }).click();
  await expect(page.getByRole('button', { name: 'Remove it' })).toBeVisible();
  await page.goto('/messages');
  const passphrase = page.getByRole('textbox', { name: 'Passphrase' });
  await passphrase.fill('correct hose');
  await passphrase.press('Enter');
  await expect(page.getByRole('alert')).toContainText('That is not the passphrase.');
  await everybodyCanUse(page, 'locked messages');
  const tab = await page.context().newPage();
  await tab.goto('/messages');
  await tab.getByRole('textbox', { name: 'Passphrase' }).fill('correct horse');
  await tab.getByRole('button', { name: 'Open' }).click();
  for (const one of [page, tab]) await ready(one);
});

const MANY = 10_000;

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

test('a wiped browser is let in again by the terminal and by the recovery code; ten thousand messages scroll smoothly', async ({ browserOf, machine }) => {
  // A code is stretched several times, which takes a while where the computer has other things to do.
  test.setTimeout(300_000);
  const [ben, ana] = [new Terminal(machine, nick('ben')), new Terminal(machine, nick('ana'))];
  ana.run('send', ben.nick, 'said before');
  const person = await personOf(machine, ana.nick);
  const his = await personOf(machine, ben.nick);
  const page = await messagesOf(await browserOf(machine, person));
  await page.getByRole('button', { name: 'Show a code' }).click();
  const code = await page.getByTestId('link-code').textContent();
  await expect(page.getByRole('img', { name: 'The same code as a picture' })).toBeVisible();
  ana.run('link', code ?? '', '--yes');
  await expect(inList(page, ben.nick)).toContainText('said before');
  await inList(page, ben.nick).click();
  const chat = new URL(page.url()).pathname;
  await page.goto('/messages/devices');
  await page.getByRole('button', { name: 'Back up', exact: true }).click();
  const recovery = (await page.getByTestId('recovery-code').textContent()) ?? '';
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the file' }).click();
  const backup = await readFile(await (await saving).path());
  const file = await grown(backup, recovery, his, chat.split('/').at(-1) ?? '', MANY);
  await page.context().close();

  // Another browser knows nothing of it.
  const wiped = await messagesOf(await browserOf(machine, person));
  await wiped.getByText('I have lost them: recovery code').click();
  await wiped.getByLabel('Code').fill(recovery);
  await wiped.getByLabel('File of a backup').setInputFiles({ name: 'years.backup', mimeType: 'application/octet-stream', buffer: file });
  await wiped.getByRole('button', { name: 'Recover', exact: true }).click();
  await expect(inList(wiped, ben.nick)).toBeVisible({ timeout: 120_000 });
  ben.run('send', ana.nick, 'are you there?');
  await expect(inList(wiped, ben.nick)).toContainText('are you there?');
  await inList(wiped, ben.nick).click();
  await expect(message(wiped, 'are you there?')).toBeVisible();
  for (const terminal of [ana, ben]) terminal.end();
  await scrollsSmoothly(wiped);
});

/**
 * Smooth, as far as it does not depend on how fast the computer is: wherever one is and whatever comes, few rows are in the page, few are
 * made anew for a step, and what one looks at moves by just the step.
 */
async function scrollsSmoothly(page: Page): Promise<void> {
  const steps = (count: number, px: number) =>
    log(page).evaluate(
      async (list, [times, stepPx]) => {
        // Looks at what is painted: behind the page's own observers of sizes, which mend what rows turned out to be higher than guessed.
        const probe = document.body.appendChild(document.createElement('div'));
        let look = () => {};
        const observer = new ResizeObserver(() => look());
        observer.observe(probe);
        const painted = (seen: () => void) =>
          new Promise<void>((resolve) => {
            look = () => {
              seen();
              resolve();
            };
            requestAnimationFrame(() => (probe.style.height = probe.style.height === '1px' ? '2px' : '1px'));
          });
        const rows = () => [...list.querySelectorAll<HTMLElement>('.row')];
        const seen = { nodes: 0, made: 0, jumpPx: 0, oldest: Number.POSITIVE_INFINITY };
        let made = 0;
        const watcher = new MutationObserver((changes) => {
          for (const change of changes) for (const node of change.addedNodes) made += Number(node instanceof HTMLElement && node.matches('.row'));
        });
        watcher.observe(list, { childList: true });
        for (let step = 0; step < times; step += 1) {
          const middle = list.getBoundingClientRect().top + list.clientHeight / 2;
          const looked = rows().find((row) => row.getBoundingClientRect().bottom > middle);
          const before = { top: looked?.getBoundingClientRect().top ?? 0, scroll: list.scrollTop };
          made = 0;
          list.scrollTop += stepPx;
          const px = before.scroll - list.scrollTop;
          // Rows that were only guessed are measured, and older ones may come.
          for (let at = 0; at < 4; at += 1) {
            await painted(() => {
              const jumpPx = looked?.isConnected ? Math.abs(looked.getBoundingClientRect().top - before.top - px) : Number.POSITIVE_INFINITY;
              seen.jumpPx = Math.max(seen.jumpPx, jumpPx);
            });
          }
          seen.nodes = Math.max(seen.nodes, list.querySelectorAll('*').length);
          seen.made = Math.max(seen.made, made);
          for (const row of rows()) seen.oldest = Math.min(seen.oldest, Number(/number (\d+)/.exec(row.textContent ?? '')?.[1] ?? Infinity));
        }
        watcher.disconnect();
        observer.disconnect();
        probe.remove();
        return seen;
      },
      [count, px] as const,
    );
  const isSmooth = (seen: Awaited<ReturnType<typeof steps>>) => {
    expect(seen.nodes, 'nodes in the page').toBeLessThan(1_500);
    expect(seen.made, 'rows made for one step').toBeLessThan(30);
    expect(seen.jumpPx, 'by how much what one looks at has jumped').toBeLessThanOrEqual(1.5);
  };
  const upwards = await steps(150, -400);
  isSmooth(upwards);
  expect(upwards.oldest, 'older ones come').toBeLessThan(MANY - 300);
  isSmooth(await steps(60, 400));
  // To the very first one, in leaps as with a key that is held down.
  await until(async () => {
    await log(page).evaluate((list) => (list.scrollTop = 0));
    return (await page.getByText('This is the beginning.').count()) > 0;
  }, 'all messages back');
  await expect(message(page, 'number 1').first()).toBeVisible();
  isSmooth(await steps(60, 400));
  await page.getByRole('button', { name: 'To the newest message' }).click();
  await expect(message(page, 'are you there?')).toBeVisible();
  expect(await log(page).locator('.row').count()).toBeLessThan(80);
}
