import type { Page } from '@playwright/test';
import { Machine } from '../scripts/machine.mjs';
import { act, card, dweet, enter, expect, nick, report, somebody, test, type Person } from './ring';

async function login(page: Page, who: Person) {
  await page.goto('/login');
  await page.getByLabel('Nick').fill(who.nick);
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse');
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Says why, and decides. */
async function decide(page: Page, why: string, button: string) {
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('textbox').fill(why);
  await sheet.getByRole('button', { name: button, exact: true }).click();
  await expect(sheet).toHaveCount(0);
}

test('from a report to a suspension, and back', async ({ browser, page, context, machine, baseURL }) => {
  test.setTimeout(120_000);
  const [ana, eve, ida] = [await somebody(machine, 'ana'), await somebody(machine, 'eve'), await somebody(machine, 'ida')];
  await machine.role(ida.nick, 'moderator');
  // What other tests have reported at the same machine is not counted here.
  for (const { id } of (await act(machine, ida, 'GET', '/api/tertulia/v1/moderation/reports')) as { id: string }[]) {
    await act(machine, ida, 'POST', `/api/tertulia/v1/moderation/reports/${id}/resolve`, { note: 'another test' });
  }
  await dweet(machine, eve, 'buy watches');
  await dweet(machine, eve, 'buy clocks');

  // Somebody reports a dweet, and names another one too.
  await enter(context, ana);
  await page.goto(`/@${eve.nick}`);
  await card(page, 'buy watches').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Report this dweet' }).click();
  const sheet = page.getByRole('dialog');
  await expect(sheet.getByRole('checkbox', { name: 'buy watches' })).toBeChecked();
  await sheet.getByRole('checkbox', { name: 'buy clocks' }).check();
  await sheet.getByLabel('What is wrong?').fill('advertisements again');
  await sheet.getByLabel('What kind of thing is it?').selectOption('Spam');
  await sheet.getByRole('button', { name: 'Send the report' }).click();
  await expect(sheet.getByText('Thank you. The moderators will read')).toBeFocused();
  await sheet.getByRole('button', { name: 'Close' }).last().click();
  await expect(sheet).toHaveCount(0);
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Moderation' })).toHaveCount(0);
  await page.goto('/moderation');
  await expect(page.getByText('This is for the moderators')).toBeVisible();

  // A moderator sees that it waits, and acts.
  const others = await browser.newContext({ baseURL: baseURL ?? machine.url, locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  await enter(others, ida);
  const desk = await others.newPage();
  await expect
    .poll(async () => {
      await desk.goto('/home');
      return desk.getByRole('navigation').getByRole('link', { name: /Moderation/ }).innerText({ timeout: 5_000 });
    })
    .toContain('1');
  await desk.getByRole('navigation').getByRole('link', { name: /Moderation/ }).click();
  const case_ = desk.getByRole('article').filter({ hasText: 'advertisements again' });
  await expect(case_).toContainText('buy clocks');
  await case_.locator('.card', { hasText: 'buy clocks' }).getByRole('button', { name: 'Delete the dweet' }).click();
  await decide(desk, 'an advertisement', 'Delete for good');
  await expect(case_).not.toContainText('buy clocks');
  await case_.getByRole('button', { name: `Suspend @${eve.nick}` }).click();
  // Not without a reason.
  await desk.getByRole('dialog').getByRole('button', { name: 'Suspend', exact: true }).click();
  await expect(desk.getByRole('dialog')).toBeVisible();
  await decide(desk, 'the third time', 'Suspend');
  await expect(case_).toContainText('suspended');
  await case_.getByRole('button', { name: 'Settle the report' }).click();
  await decide(desk, 'suspended', 'It is settled');
  await expect(desk.getByText('No report waits.')).toBeVisible();
  await expect(desk.getByRole('navigation').getByRole('link', { name: 'Moderation', exact: true })).toBeVisible();
  await desk.getByRole('button', { name: 'Settled' }).click();
  await expect(case_).toContainText(`Settled by @${ida.nick}`);

  // Whoever is suspended is gone, and told so at the door.
  await page.goto(`/@${eve.nick}`);
  await expect(page.getByText('There is nothing here')).toBeVisible();
  const hers = await browser.newContext({ baseURL: baseURL ?? machine.url, locale: 'en-GB' });
  const door = await hers.newPage();
  await login(door, eve);
  await expect(door.getByRole('alert')).toContainText('This account is suspended.');

  // It is undone, and all is as it was but for what was deleted.
  await desk.getByRole('link', { name: 'People' }).click();
  await desk.getByLabel('Nick').fill(`@${eve.nick}`);
  await desk.getByRole('button', { name: 'Find' }).click();
  await desk.getByRole('button', { name: `Let @${eve.nick} back in` }).click();
  await decide(desk, 'she promised', 'Let back in');
  await expect(desk.getByRole('button', { name: `Suspend @${eve.nick}` })).toBeVisible();
  await login(door, eve);
  await expect(door).toHaveURL(/\/home$/);
  await page.goto(`/@${eve.nick}`);
  await expect(card(page, 'buy watches')).toBeVisible();
  await expect(card(page, 'buy clocks')).toHaveCount(0);

  await desk.getByRole('link', { name: 'Log' }).click();
  const deeds = desk.getByRole('list', { name: 'Log' }).getByRole('listitem');
  await expect(deeds.first()).toContainText(`@${ida.nick} let @${eve.nick} back in`);
  await expect(deeds.filter({ hasText: `suspended @${eve.nick}` })).toContainText('the third time');
  await others.close();
  await hers.close();
});

test('by keyboard alone: a report is opened, settled, and the focus is not lost', async ({ page, context, machine }) => {
  const [ana, eve, ida] = [await somebody(machine, 'ana'), await somebody(machine, 'eve'), await somebody(machine, 'ida')];
  await machine.role(ida.nick, 'moderator');
  await report(machine, ana, eve, [], 'only by keys', ida);
  await enter(context, ida);
  await page.goto('/moderation');
  const case_ = page.getByRole('article').filter({ hasText: 'only by keys' });
  await case_.getByRole('button', { name: 'Settle the report' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByRole('textbox')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(case_.getByRole('button', { name: 'Settle the report' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.type('nothing');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(case_).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('a community settles who comes in, and invites', async ({ browser, page, context, machine, hosts }) => {
  test.setTimeout(120_000);
  // What is settled here would hold for the other tests.
  void machine;
  const own = await Machine.found();
  hosts.add(`127.0.0.1:${own.port}`);
  const guests = await browser.newContext({ baseURL: own.url, locale: 'en-GB' });
  try {
    const ida = await somebody(own, 'ida');
    await own.role(ida.nick, 'admin');
    await enter(context, ida);
    await page.goto(`${own.url}/moderation/community`);
    await page.getByLabel('Whoever has an invitation may register.').check();
    await page.getByLabel('What newcomers are told').fill('Come in, there is coffee');
    await page.getByRole('button', { name: 'Add a rule' }).click();
    await page.keyboard.type('Be kind');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Saved')).toBeVisible();

    // Who has no invitation is told what is lacking, and reads the rules.
    const guest = await guests.newPage();
    await guest.goto('/register');
    await expect(guest.getByText('Ask somebody who is here')).toBeVisible();
    await expect(guest.getByText('Come in, there is coffee')).toBeVisible();
    await expect(guest.getByRole('list', { name: 'Rules of the house' })).toContainText('Be kind');

    await page.goto(`${own.url}/invitations`);
    await page.getByLabel('What it is for').fill('for Zoe');
    await page.getByRole('button', { name: 'Make an invitation' }).click();
    const link = await page.getByLabel('Link').inputValue();
    expect(link).toContain(`${own.url}/invite/`);

    await guest.goto(link);
    await expect(guest.getByText(`You are invited by @${ida.nick}`)).toBeVisible();
    await guest.getByLabel('Nick').fill(nick('zoe'));
    await guest.getByRole('textbox', { name: 'Password' }).fill('correct horse');
    await guest.getByRole('button', { name: 'Join in' }).click();
    await expect(guest).toHaveURL(/\/home$/);

    // It was for one; a second one is taken back.
    const late = await guests.newPage();
    await late.goto(link);
    await expect(late.getByRole('alert')).toContainText('This invitation is not good any more');
    await page.reload();
    await expect(page.getByRole('listitem').filter({ hasText: 'for Zoe' })).toContainText('used 1 of 1 · used up');
    await page.getByLabel('What it is for').fill('for Yara');
    await page.getByRole('button', { name: 'Make an invitation' }).click();
    const second = page.getByRole('listitem').filter({ hasText: 'for Yara' });
    await second.getByRole('button', { name: 'Take back' }).click();
    await expect(second).toContainText('taken back');

    await page.goto(`${own.url}/moderation/community`);
    await page.getByLabel('Nobody may register at the moment.').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Saved')).toBeVisible();
    await late.goto(`${own.url}/register`);
    await expect(late.getByText('Nobody may register at the moment.')).toBeVisible();
    await expect(late.getByLabel('Nick')).toHaveCount(0);
  } finally {
    await guests.close();
    await own.end();
  }
});
