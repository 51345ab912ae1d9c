import { card, dweet, enter, expect, follow, somebody, test, written } from './ring';

test.use({ serviceWorkers: 'allow' });

test('the page opens without a network, shows what was seen last, and sends what was written when it is back', async ({ page, context, machine }) => {
  const [ana, ben] = [await somebody(machine, 'ana'), await somebody(machine, 'ben')];
  await follow(machine, ana, ben);
  await dweet(machine, ben, 'seen before');
  await enter(context, ana);
  await page.goto('/home');
  await expect(card(page, 'seen before')).toBeVisible();
  await page.evaluate(() => navigator.serviceWorker.ready);

  await context.setOffline(true);
  await page.goto('/home');
  await expect(page.getByText('No connection.')).toBeVisible();
  await expect(card(page, 'seen before')).toBeVisible();
  await page.getByLabel('What is going on?').fill('written in a tunnel');
  await page.getByRole('button', { name: 'Dweet', exact: true }).click();
  const waiting = page.getByRole('list', { name: 'On their way' });
  await expect(waiting).toContainText('written in a tunnel');
  await page.reload();
  await expect(waiting).toContainText('written in a tunnel');
  expect(await written(machine, ana)).toEqual([]);

  await context.setOffline(false);
  await expect(waiting).toHaveCount(0);
  await expect.poll(() => written(machine, ana)).toEqual(['<p>written in a tunnel</p>']);
});
