import { Machine } from '../scripts/machine.mjs';
import { card, dweet, enter, expect, follow, somebody, test, written } from './ring';

test.use({ serviceWorkers: 'allow' });

test('a page whose machine is killed goes on at another one, live and writing', async ({ page, context, machine, hosts }) => {
  test.setTimeout(180_000);
  // The machine that all tests share stays out of it.
  void machine;
  const first = await Machine.found();
  const second = await Machine.join(first);
  const third = await Machine.join(first);
  for (const one of [first, second, third]) hosts.add(`127.0.0.1:${one.port}`);
  try {
    const [ana, ben] = [await somebody(second, 'ana'), await somebody(third, 'ben')];
    await follow(third, ana, ben);
    await dweet(third, ben, 'before');
    // Until each range has its three copies and the list of entries is whole.
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${second.url}/api/tertulia/v1/entries`)).json()) as { machines: unknown[] }).machines.length,
        { timeout: 60_000 },
      )
      .toBe(3);
    await enter(context, ana);
    await page.goto(`${second.url}/home`);
    await expect(card(page, 'before')).toBeVisible();
    await page.evaluate(() => navigator.serviceWorker.ready);

    await second.kill();
    await expect
      .poll(async () => dweet(first, ben, 'after').catch(() => null), { timeout: 60_000 })
      .not.toBeNull();
    await expect(page.getByRole('button', { name: /new$/ })).toBeVisible({ timeout: 60_000 });
    await page.getByRole('button', { name: /new$/ }).click();
    await expect(card(page, 'after').first()).toBeVisible();
    await page.getByLabel('What is going on?').fill('still here');
    await page.getByRole('button', { name: 'Dweet', exact: true }).click();
    await expect.poll(() => written(first, ana), { timeout: 60_000 }).toEqual(['<p>still here</p>']);

    // The page itself opens as well, while its machine is away.
    await page.goto(`${second.url}/home`);
    await expect(card(page, 'still here')).toBeVisible({ timeout: 60_000 });
  } finally {
    for (const one of [first, second, third]) await one.end();
  }
});
