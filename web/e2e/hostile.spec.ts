import { card, dweet, enter, expect, somebody, test } from './ring';

const TEXTS = [
  '<img src=x onerror=alert(1)><script>alert(2)</script> "><svg onload=alert(3)> {{7*7}} ${alert(4)}',
  'javascript:alert(1) data:text/html,<script>alert(1)</script> https://evil.example/"onmouseover="alert(1)',
  `\u202Egnp.exe \u2066\u202Eabc\u2069 \u0627\u0644\u0633\u0644\u0627\u0645 123`,
  `Z${'\u0351\u036B\u0353\u033A'.repeat(60)}algo ${'e\u0301\u0302\u0303\u0304'.repeat(20)}`,
  'w'.repeat(225),
  '\u200B\u200D\uFE0F \u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466} \uFDFD \u{12219} \uA9C5',
];

test('hostile texts stay texts, and within their own dweet', async ({ page, context, machine }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const ana = await somebody(machine, 'ana', `<b>${'W'.repeat(20)}</b>\u202E`);
  for (const text of TEXTS) await dweet(machine, ana, text);
  await enter(context, ana);
  await page.goto(`/@${ana.nick}`);
  await expect(page.locator('article.dweet')).toHaveCount(TEXTS.length);
  await expect(card(page, '<img src=x onerror=alert(1)>')).toBeVisible();
  expect(await page.locator('main img, main script, main svg[onload]').count()).toBe(0);
  for (const link of await page.locator('main .text a').all()) {
    expect(await link.getAttribute('href')).toMatch(/^(https?:\/\/|\/@|\/tags\/)/);
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  // Accents stacked high do not cover what stands above: each text is painted within its own box.
  const paints = await page.locator('.dweet .text').evaluateAll((texts) => texts.map((text) => getComputedStyle(text).contain));
  expect(new Set(paints)).toEqual(new Set(['paint']));
});

test('an address that leads nowhere says so', async ({ page }) => {
  for (const path of ['/nonsense', '/@nobody_at_all', '/@nobody_at_all/117', '/tags/%22%3E%3Cscript%3E']) {
    await page.goto(path);
    await expect(page.getByText(/There is nothing here|Nothing with this hashtag|cannot be read|hashtag/).first(), path).toBeVisible();
  }
});

test('the way back after logging in is a way within the page', async ({ page, machine }) => {
  const ana = await somebody(machine, 'ana');
  for (const [next, expected] of [
    ['https://evil.example/', '/home'],
    ['//evil.example/', '/home'],
    ['/settings', '/settings'],
  ] as const) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Nick').fill(ana.nick);
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page).toHaveURL(machine.url + expected);
    await page.evaluate(() => localStorage.clear());
  }
});
