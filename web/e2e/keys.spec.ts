import { card, dweet, enter, expect, follow, somebody, test } from './ring';

test('the whole page by keyboard alone', async ({ page, context, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  await follow(machine, ana, ben);
  await dweet(machine, ben, 'older');
  await dweet(machine, ben, 'newer');
  await enter(context, ana);
  await page.goto('/home');
  await expect(card(page, 'newer')).toBeVisible();

  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();

  await page.keyboard.press('j');
  await expect(card(page, 'newer')).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('f');
  await expect(card(page, 'older').getByRole('button', { name: 'Favourite (1)' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('k');
  await page.keyboard.press('r');
  const sheet = page.getByRole('dialog');
  await expect(sheet.getByLabel('Your reply')).toBeFocused();
  await page.keyboard.type('by keys');
  await page.keyboard.press('Control+Enter');
  await expect(sheet).toHaveCount(0);
  await expect(card(page, 'newer')).toBeFocused();
  await page.keyboard.press('o');
  await expect(page).toHaveURL(new RegExp(`/@${ben.nick}/`));
  await expect(card(page, 'by keys')).toBeVisible();

  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Next dweet');
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  await expect(page).toHaveURL(/\/notifications$/);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await page.keyboard.press('n');
  await page.keyboard.type('j is a letter here');
  await expect(page.getByRole('dialog').getByLabel('What is going on?')).toHaveValue('j is a letter here');
});
