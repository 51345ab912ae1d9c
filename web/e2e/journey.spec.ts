import { card, dweet, enter, expect, follow, nick, somebody, test } from './ring';

test('two people meet: register, follow, dweet, live, redweet, reload, and a second tab', async ({ browser, page, machine, baseURL }) => {
  const [ana, ben] = [nick('ana'), nick('ben')];
  const register = async (on: typeof page, own: string) => {
    await on.goto('/');
    await on.getByRole('main').getByRole('link', { name: 'Join in' }).click();
    await on.getByLabel('Nick').fill(own);
    await on.getByRole('textbox', { name: 'Password' }).fill('correct horse');
    await on.getByRole('button', { name: 'Join in' }).click();
    await expect(on).toHaveURL(/\/home$/);
  };
  await register(page, ana);
  const others = await browser.newContext({ baseURL: baseURL ?? machine.url, locale: 'en-GB' });
  const other = await others.newPage();
  await register(other, ben);

  await other.goto(`/@${ana}`);
  await other.getByRole('button', { name: 'Follow', exact: true }).click();
  await expect(other.getByRole('button', { name: 'Following' })).toBeVisible();
  await expect(page.getByRole('navigation').getByRole('link', { name: /Notifications/ })).toContainText('1');

  await other.goto('/home');
  await expect(other.getByText('Quiet here')).toBeVisible();
  await page.getByLabel('What is going on?').fill('Hola, plaza');
  await page.getByRole('button', { name: 'Dweet', exact: true }).click();
  await expect(card(page, 'Hola, plaza')).toBeVisible();
  await expect(page.getByLabel('What is going on?')).toHaveValue('');

  const arrived = other.getByRole('button', { name: '1 new' });
  await expect(arrived).toBeVisible();
  await expect(card(other, 'Hola, plaza')).toHaveCount(0);
  await arrived.click();
  await expect(card(other, 'Hola, plaza')).toBeVisible();

  const marks = card(other, 'Hola, plaza');
  await marks.getByRole('button', { name: /Redweet/ }).click();
  await marks.getByRole('button', { name: /Favourite/ }).click();
  await expect(marks.getByRole('button', { name: 'Favourite (1)' })).toHaveAttribute('aria-pressed', 'true');
  const tab = await page.context().newPage();
  await tab.goto('/notifications');
  await expect(tab.getByText('redweeted you')).toBeVisible();
  await expect(tab.getByText('marked yours as a favourite')).toBeVisible();

  await other.reload();
  const again = card(other, 'Hola, plaza').first();
  await expect(again.getByRole('button', { name: 'Redweet (1)' })).toHaveAttribute('aria-pressed', 'true');

  await again.getByRole('button', { name: 'Reply' }).click();
  const sheet = other.getByRole('dialog');
  await expect(sheet.getByLabel('Your reply')).toHaveValue(`@${ana} `);
  await sheet.getByLabel('Your reply').pressSequentially('¡hola!');
  await sheet.getByRole('button', { name: 'Answer' }).click();
  await expect(sheet).toHaveCount(0);
  await tab.goto(`/@${ana}`);
  await card(tab, 'Hola, plaza').getByRole('link').last().click();
  await expect(card(tab, '¡hola!')).toBeVisible();

  // Who logs out in one tab is out in all, and leaves nothing behind.
  await page.goto('/home');
  await page.getByLabel('What is going on?').fill('a secret draft');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(tab.getByRole('navigation').getByRole('link', { name: 'Log in' })).toBeVisible();
  const left = await tab.evaluate(() => JSON.stringify(localStorage));
  expect(left).not.toContain('secret');
  expect(left).not.toContain(ana);
  await others.close();
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

test('what was seen on one device is seen on another', async ({ page, context, browser, machine, baseURL }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  await follow(machine, ana, ben);
  await dweet(machine, ben, 'one');
  await dweet(machine, ben, 'two');
  await enter(context, ana);
  await page.goto('/public');
  const badge = page.getByRole('navigation').getByRole('link', { name: /Home/ });
  await expect(badge).toContainText('2');
  const phone = await browser.newContext({ baseURL: baseURL ?? machine.url, locale: 'en-GB' });
  await enter(phone, ana);
  const other = await phone.newPage();
  await other.goto('/home');
  await expect(card(other, 'two')).toBeVisible();
  await expect(other.getByRole('navigation').getByRole('link', { name: /Home/ })).not.toContainText('2');
  await page.reload();
  await expect(badge).not.toContainText('2');
  await phone.close();
});
