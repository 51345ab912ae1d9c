import type { Page } from '@playwright/test';
import { until } from '../scripts/machine.mjs';
import { Terminal } from '../scripts/terminal.mjs';
import { begin, inList, message, ready, say } from './chat';
import { card, dweet, enter, expect, follow, nick, report, somebody, test, whole } from './ring';

test.describe('the whole of it, on a ring of three machines', () => {
  test.use({ serviceWorkers: 'allow' });

  test('three people meet, talk in public and in private, and go on when a machine is killed', async ({ three, browserOf }) => {
    test.setTimeout(300_000);
    const [first, second, third] = three;
    const [ana, ben] = [nick('ana'), nick('ben')];
    const [hers, his] = [await browserOf(first, null), await browserOf(second, null)];
    const [page, other] = [await hers.newPage(), await his.newPage()];
    const register = async (on: Page, own: string) => {
      await on.goto('/');
      await on.getByRole('main').getByRole('link', { name: 'Join in' }).click();
      await on.getByLabel('Nick').fill(own);
      await on.getByRole('textbox', { name: 'Password' }).fill('correct horse');
      await on.getByRole('button', { name: 'Join in' }).click();
      await expect(on).toHaveURL(/\/home$/);
    };
    await whole(first);
    await register(page, ana);
    await register(other, ben);
    const eva = new Terminal(third, nick('eva'));
    const unread = (on: Page, place: RegExp) => on.getByRole('navigation').getByRole('link', { name: place });

    // One follows, the other writes; it comes live, and moves nothing.
    await other.goto(`/@${ana}`);
    await other.getByRole('button', { name: 'Follow', exact: true }).click();
    await expect(other.getByRole('button', { name: 'Following' })).toBeVisible();
    await expect(unread(page, /Notifications/)).toContainText('1');
    await other.goto('/home');
    await expect(other.getByText('Quiet here')).toBeVisible();
    const write = async (on: Page, text: string) => {
      await on.getByLabel('What is going on?').fill(text);
      await on.getByRole('button', { name: 'Dweet', exact: true }).click();
      await expect(card(on, text)).toBeVisible();
      await expect(on.getByLabel('What is going on?')).toHaveValue('');
    };
    await write(page, 'Hola, plaza');
    const arrived = other.getByRole('button', { name: '1 new' });
    await expect(arrived).toBeVisible();
    await expect(card(other, 'Hola, plaza')).toHaveCount(0);
    await arrived.click();
    const marks = card(other, 'Hola, plaza').first();
    await marks.getByRole('button', { name: /Redweet/ }).click();
    await marks.getByRole('button', { name: /Favourite/ }).click();
    await expect(marks.getByRole('button', { name: /^Favourite/ })).toHaveAttribute('aria-pressed', 'true');
    const tab = await hers.newPage();
    await tab.goto('/notifications');
    await expect(tab.getByText('redweeted you')).toBeVisible();
    await expect(tab.getByText('marked yours as a favourite')).toBeVisible();
    // Its count may lag where its home is another one's; whose mark it is does not.
    await other.reload();
    await expect(marks.getByRole('button', { name: /^Redweet/ })).toHaveAttribute('aria-pressed', 'true');
    await marks.getByRole('button', { name: 'Reply' }).click();
    const sheet = other.getByRole('dialog');
    await expect(sheet.getByLabel('Your reply')).toHaveValue(`@${ana} `);
    await sheet.getByLabel('Your reply').pressSequentially('¡hola!');
    await sheet.getByRole('button', { name: 'Answer' }).click();
    await expect(sheet).toHaveCount(0);
    await tab.goto(`/@${ana}`);
    await card(tab, 'Hola, plaza').getByRole('link').last().click();
    await expect(card(tab, '¡hola!')).toBeVisible();

    // In private, both ways, page to page and page to terminal.
    await other.goto('/messages');
    await ready(other);
    await page.goto('/messages');
    await ready(page);
    await begin(page, ben);
    await say(page, 'only for you');
    await inList(other, ana).click();
    await expect(message(page, 'only for you')).toContainText('read');
    await say(other, 'I hear you');
    await expect(message(page, 'I hear you')).toBeVisible();
    await page.goto('/messages');
    await begin(page, eva.nick);
    await say(page, 'to the terminal');
    await expect(message(page, 'to the terminal')).toContainText('sent');
    expect(eva.heard(ana)).toEqual(['to the terminal']);
    eva.run('send', ana, 'to the page');
    await expect(message(page, 'to the page')).toBeVisible();

    // All three in a room.
    await page.goto('/messages');
    await page.getByText('New room').click();
    await page.getByLabel('Name of the room').fill('Corro');
    await page.getByLabel('Who is to be in it?').fill(`${ben} ${eva.nick}`);
    await page.getByRole('button', { name: 'Make the room' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Corro' })).toBeVisible();
    await say(page, 'hello, room');
    await other.goto('/messages');
    await inList(other, 'Corro').click();
    await expect(message(other, 'hello, room')).toBeVisible();
    await until(() => eva.heard('+corro').includes('hello, room'), 'the terminal has it');
    eva.run('send', '+corro', 'hello from the terminal');
    for (const on of [page, other]) await expect(message(on, 'hello from the terminal')).toBeVisible();

    // The machine of one page is killed. It goes on with another one: private messages first, then what is public.
    await other.evaluate(() => navigator.serviceWorker.ready);
    await second.kill();
    await say(other, 'my machine is gone');
    await expect(message(page, 'my machine is gone')).toBeVisible({ timeout: 60_000 });
    await until(() => eva.heard('+corro').includes('my machine is gone'), 'the terminal has it');
    await say(page, 'we hear you');
    await expect(message(other, 'we hear you')).toBeVisible({ timeout: 60_000 });
    await other.getByRole('link', { name: 'Home', exact: true }).click();
    await page.goto('/home');
    await write(page, 'A machine less');
    await expect(other.getByRole('button', { name: /new$/ })).toBeVisible({ timeout: 60_000 });
    await other.getByRole('button', { name: /new$/ }).click();
    await expect(card(other, 'A machine less')).toBeVisible();
    await write(other, 'Still here');

    // The page opens as well while its machine is away: loaded anew, and in a second tab, which writes with the same keys.
    await other.reload();
    await expect(card(other, 'Still here').first()).toBeVisible({ timeout: 60_000 });
    const fresh = await his.newPage();
    await fresh.goto('/messages');
    await inList(fresh, 'Corro').click();
    await expect(message(fresh, 'we hear you')).toBeVisible({ timeout: 60_000 });
    await say(fresh, 'from a second tab');
    await tab.goto('/messages');
    await inList(tab, 'Corro').click();
    await expect(message(tab, 'from a second tab')).toHaveCount(1);
    await other.getByRole('link', { name: /^Messages/ }).click();
    await inList(other, 'Corro').click();
    await expect(message(other, 'from a second tab')).toHaveCount(1);

    // Who logs out in one tab is out in all, and leaves nothing behind.
    await page.getByLabel('What is going on?').fill('a secret draft');
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(tab.getByRole('navigation').getByRole('link', { name: 'Log in' })).toBeVisible();
    const left = await tab.evaluate(() => JSON.stringify(localStorage));
    expect(left).not.toContain('secret');
    expect(left).not.toContain(ana);
    eva.end();
  });
});

test('who comes in another tab has all of this one: role, counts and what is shown', async ({ page, context, machine }) => {
  const [ida, ben, eve] = [await somebody(machine, 'ida'), await somebody(machine, 'ben'), await somebody(machine, 'eve')];
  await machine.role(ida.nick, 'moderator');
  await report(machine, ben, eve, [], 'another tab', ida);
  await dweet(machine, eve, 'for those who follow eve');
  await follow(machine, ida, eve);
  await follow(machine, ben, ida);
  await enter(context, ida);
  await page.goto('/home');
  const places = page.getByRole('navigation');
  await expect(places.getByRole('link', { name: /^Moderation/ })).toContainText(/[1-9]/);
  await expect(places.getByRole('link', { name: /^Notifications/ })).toContainText('1');
  await expect(card(page, 'for those who follow eve')).toBeVisible();
  await page.getByLabel('What is going on?').fill('her draft');

  const tab = await context.newPage();
  await tab.goto('/login');
  await tab.getByLabel('Nick').fill(ben.nick);
  await tab.getByRole('textbox', { name: 'Password' }).fill('correct horse');
  await tab.getByRole('button', { name: 'Log in' }).click();
  await expect(tab).toHaveURL(/\/home$/);
  for (const one of [page, tab]) {
    await expect(one.getByText('Quiet here')).toBeVisible();
    await expect(one.getByRole('navigation').getByRole('link', { name: 'Profile' })).toHaveAttribute('href', `/@${ben.nick}`);
    await expect(one.getByRole('navigation').getByRole('link', { name: /^Moderation/ })).toHaveCount(0);
    await expect(one.getByRole('navigation').getByRole('link', { name: 'Notifications', exact: true })).toBeVisible();
    await expect(one.getByLabel('What is going on?')).toHaveValue('');
  }
  // What comes now is his.
  await dweet(machine, ida, 'for those who follow ida');
  for (const one of [page, tab]) await expect(one.getByRole('button', { name: '1 new' })).toBeVisible();
});

test('a dweet that is deleted can be had back for a moment, and then it is gone', async ({ page, context, machine }) => {
  const ana = await somebody(machine, 'ana');
  await dweet(machine, ana, 'a slip');
  await enter(context, ana);
  await page.goto(`/@${ana.nick}`);
  const remove = async () => {
    await card(page, 'a slip').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect(card(page, 'a slip')).toHaveCount(0);
  };
  await remove();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(card(page, 'a slip')).toBeVisible();
  await remove();
  // Leaving the page decides it.
  await page.goto('/public');
  await expect
    .poll(async () => (await fetch(`${machine.url}/api/v1/accounts/${ana.id}/statuses`)).json())
    .toEqual([]);
});

test('a long timeline goes on by itself, with each dweet once', async ({ page, context, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  await follow(machine, ana, ben);
  for (let n = 1; n <= 45; n += 1) await dweet(machine, ben, `number ${n}.`);
  await enter(context, ana);
  await page.goto('/home');
  await expect(card(page, 'number 45.')).toBeVisible();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 20_000);
      return card(page, /number 1\./).count();
    })
    .toBe(1);
  expect(await page.locator('article.dweet').count()).toBe(45);
});

test('a draft survives a reload', async ({ page, context, machine }) => {
  await enter(context, await somebody(machine, 'ana'));
  await page.goto('/home');
  await page.getByLabel('What is going on?').fill('half a thought');
  await page.reload();
  await expect(page.getByLabel('What is going on?')).toHaveValue('half a thought');
});

test('what was seen on one device is seen on another', async ({ page, context, browserOf, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  await follow(machine, ana, ben);
  await dweet(machine, ben, 'one');
  await dweet(machine, ben, 'two');
  await enter(context, ana);
  await page.goto('/public');
  const badge = page.getByRole('navigation').getByRole('link', { name: /Home/ });
  await expect(badge).toContainText('2');
  const other = await (await browserOf(machine, ana)).newPage();
  await other.goto('/home');
  await expect(card(other, 'two')).toBeVisible();
  await expect(other.getByRole('navigation').getByRole('link', { name: /Home/ })).not.toContainText('2');
  await page.reload();
  await expect(badge).not.toContainText('2');
});
