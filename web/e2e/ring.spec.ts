import { expect, test } from './ring';

test('the ring is drawn as it is, while a machine is killed and comes back', async ({ page, three: [first, , third] }) => {
  test.setTimeout(240_000);
  await page.setViewportSize({ width: 320, height: 800 });
  await page.goto(`${first.url}/ring`);
  const machines = page.getByRole('region', { name: 'Machines' }).getByRole('row');
  await expect(machines.filter({ hasText: 'answers' })).toHaveCount(3);
  await expect(page.getByText('Any 1 machine may be lost now')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('img', { name: /Drawing of the ring: 3 machines/ })).toBeVisible();
  await expect(page.locator('svg .machine.alive')).toHaveCount(3);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);

  // The lines of one machine alone, by its button.
  const lines = await page.locator('svg .chord').count();
  const pick = machines.filter({ hasText: 'answers you' }).getByRole('button');
  await pick.focus();
  await page.keyboard.press('Enter');
  await expect(pick).toHaveAttribute('aria-pressed', 'true');
  expect(await page.locator('svg .chord').count()).toBeLessThan(lines);

  await third.kill();
  await expect(machines.filter({ hasText: 'does not answer' })).toHaveCount(1, { timeout: 60_000 });
  await expect(page.getByText('No machine may be lost now.')).toBeVisible();
  await expect(page.getByRole('list', { name: 'What there is to know and do' })).toContainText('Does not answer');
  await expect(page.locator('svg .machine.suspect, svg .machine.dead')).toHaveCount(1);
  const events = page.getByRole('list', { name: 'What happens' });
  await expect(events).toContainText('does not answer');

  await third.start();
  await expect(events).toContainText('answers again', { timeout: 60_000 });
  await expect(page.getByText('Any 1 machine may be lost now')).toBeVisible({ timeout: 60_000 });
  // What happened before is still there, each once.
  await expect(events.getByRole('listitem').filter({ hasText: 'does not answer' })).toHaveCount(1);

  // The page's own machine is killed: the picture goes on at another one.
  await first.kill();
  await expect(machines.filter({ hasText: 'does not answer' })).toHaveCount(1, { timeout: 90_000 });
  await expect(machines.filter({ hasText: 'answers you' })).toHaveCount(1);
});
