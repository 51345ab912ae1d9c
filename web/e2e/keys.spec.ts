import type { Locator, Page } from '@playwright/test';
import { message } from './chat';
import { card, dweet, expect, nick, somebody, test } from './ring';

const PRESSES_MAX = 120;

/** Goes on with the Tab key until it has the focus, and the focus is seen there. Nothing else leads to it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < PRESSES_MAX; presses += 1) {
    await page.keyboard.press('Tab');
    if (!(await target.evaluate((element) => element === document.activeElement))) continue;
    const isSeen = await target.evaluate((element) => {
      const { outlineStyle } = getComputedStyle(element);
      return outlineStyle !== 'none' || getComputedStyle(element.parentElement ?? element).boxShadow !== 'none';
    });
    expect(isSeen, `the focus is seen at ${target}`).toBe(true);
    return;
  }
  throw new Error(`the Tab key does not lead to ${target}`);
}

/** Goes there by keys alone, and presses it. */
async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

test('the whole of it by keyboard alone: from registering to private messages and out again', async ({ page, machine }) => {
  const ben = await somebody(machine, 'ben');
  await dweet(machine, ben, 'older');
  const { keyboard } = page;
  const button = (name: string | RegExp, exact = true) => page.getByRole('button', { name, exact });
  const sheet = page.getByRole('dialog');

  await page.goto('/');
  await press(page, page.getByRole('main').getByRole('link', { name: 'Join in' }));
  await tabTo(page, page.getByLabel('Nick'));
  await keyboard.type(nick('ana'));
  await tabTo(page, page.getByRole('textbox', { name: 'Password' }));
  await keyboard.type('correct horse');
  await keyboard.press('Enter');
  await expect(page).toHaveURL(/\/home$/);

  // Somebody is found and followed.
  await keyboard.press('/');
  await tabTo(page, page.getByRole('searchbox'));
  await keyboard.type(ben.nick);
  await press(page, page.getByRole('main').getByRole('link', { name: `@${ben.nick}` }));
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await press(page, button('Follow'));
  await expect(button('Following')).toBeVisible();
  await dweet(machine, ben, 'newer');
  await keyboard.press('g');
  await keyboard.press('h');
  await expect(page).toHaveURL(/\/home$/);
  await expect(button(/new$/)).toBeVisible();
  await keyboard.press('.');
  await expect(card(page, 'newer')).toBeVisible();

  // Past what is on every page, and from dweet to dweet.
  await page.reload();
  await keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
  await keyboard.press('j');
  await expect(card(page, 'newer')).toBeFocused();
  await keyboard.press('j');
  await keyboard.press('f');
  await expect(card(page, 'older').getByRole('button', { name: 'Favourite (1)' })).toHaveAttribute('aria-pressed', 'true');
  await keyboard.press('b');
  await expect(card(page, 'older').getByRole('button', { name: 'Redweet (1)' }).first()).toHaveAttribute('aria-pressed', 'true');
  await keyboard.press('k');
  await keyboard.press('r');
  await expect(sheet.getByLabel('Your reply')).toBeFocused();
  await keyboard.type('by keys');
  await keyboard.press('Control+Enter');
  await expect(sheet).toHaveCount(0);
  await expect(card(page, 'newer')).toBeFocused();
  // What stands in its menu, and back to it.
  await keyboard.press('m');
  await expect(page.getByRole('menuitem', { name: 'Copy the link' })).toBeFocused();
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await keyboard.press('m');
  await expect(page.getByRole('menuitem', { name: 'Remove the bookmark' })).toBeVisible();
  await keyboard.press('ArrowUp');
  await expect(page.getByRole('menuitem', { name: 'Report this dweet' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(sheet.getByLabel('What is wrong?')).toBeFocused();
  await keyboard.type('only to try');
  await press(page, sheet.getByRole('button', { name: 'Send the report' }));
  await expect(sheet.getByText('Thank you.')).toBeFocused();
  await keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);
  // The conversation.
  await page.evaluate(() => document.getElementById('main')?.focus());
  await keyboard.press('j');
  await keyboard.press('o');
  await expect(page).toHaveURL(/\/@\w+\/\d+$/);
  for (const text of ['newer', 'by keys']) await expect(card(page, text)).toBeVisible();

  await keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Next dweet');
  await keyboard.press('Escape');
  await keyboard.press('g');
  await keyboard.press('n');
  await expect(page).toHaveURL(/\/notifications$/);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await keyboard.press('n');
  await keyboard.type('j is a letter here');
  await expect(sheet.getByLabel('What is going on?')).toHaveValue('j is a letter here');
  await press(page, sheet.getByRole('button', { name: 'Dweet', exact: true }));
  await expect(sheet).toHaveCount(0);

  // In private.
  await keyboard.press('g');
  await keyboard.press('c');
  await tabTo(page, page.getByLabel('With whom? Their nick'));
  await keyboard.type(ben.nick);
  await keyboard.press('Enter');
  await tabTo(page, page.getByLabel('Write a message'));
  await keyboard.type('only for you');
  await keyboard.press('Enter');
  await expect(message(page, 'only for you')).toBeVisible();
  await press(page, message(page, 'only for you').getByRole('button', { name: 'Answer' }));
  await tabTo(page, page.getByLabel('Write a message'));
  await keyboard.type('and this');
  await keyboard.press('Enter');
  await expect(message(page, 'and this')).toContainText('In answer to: only for you');
  await press(page, page.getByRole('link', { name: 'People, name, safety number' }));
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();

  // How it looks, and out.
  await keyboard.press('g');
  await keyboard.press('s');
  await tabTo(page, page.getByLabel('Colours'));
  await keyboard.press('End');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await press(page, button('Log out'));
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Log in' })).toBeVisible();
});
