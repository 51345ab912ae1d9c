// Pages of people who talk in private, as the tests handle them.
import { expect, type BrowserContext, type Page } from '@playwright/test';

/** The page of somebody's messages. */
export async function messagesOf(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto('/messages');
  return page;
}

/** Their browser is one of their devices: others can write to them. */
export async function ready(page: Page): Promise<void> {
  await expect(page.getByLabel('With whom? Their nick')).toBeVisible();
}

export async function begin(page: Page, nick: string): Promise<void> {
  await page.getByLabel('With whom? Their nick').fill(nick);
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await expect(page.getByLabel('Write a message')).toBeVisible();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Write a message').fill(text);
  await page.getByLabel('Write a message').press('Enter');
  await expect(page.getByLabel('Write a message')).toHaveValue('');
}

export const log = (page: Page) => page.getByRole('log', { name: 'What was said' });
export const message = (page: Page, text: string) => log(page).getByRole('article').filter({ hasText: text });
export const inList = (page: Page, name: string) => page.getByRole('list', { name: 'Conversations' }).getByRole('link').filter({ hasText: name });
