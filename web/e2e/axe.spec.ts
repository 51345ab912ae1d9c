import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ROUTES, type Route } from '../src/routes';
import { act, card, dweet, enter, expect, follow, report, somebody, test, type Person } from './ring';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Each route once in each language and in each theme, on a phone and on a wide screen. */
const LOOKS = [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'es', theme: 'dark', width: 360 },
] as const;

/** A click on a link to this address. */
function click(to: string) {
  const link = Object.assign(document.createElement('a'), { href: to });
  document.body.append(link);
  link.click();
  link.remove();
}

test.describe('every page can be used by everybody', () => {
  let ana: Person;
  let id: string;
  let code: string;

  test.beforeAll(async ({ machine }) => {
    ana = await somebody(machine, 'ana', 'Ana Pérez');
    const ben = await somebody(machine, 'ben', 'Benjamín');
    await follow(machine, ana, ben);
    await follow(machine, ben, ana);
    id = await dweet(machine, ana, 'Hola #plaza https://example.org/');
    const answer = await dweet(machine, ben, `@${ana.nick} ¡hola!`, { in_reply_to_id: id });
    await dweet(machine, ben, 'Behind a warning', { spoiler_text: 'a warning' });
    for (const deed of [`statuses/${id}/favourite`, `statuses/${id}/reblog`]) await act(machine, ben, 'POST', `/api/v1/${deed}`);
    // What moderators see: a report that waits and one that is settled, somebody who is suspended, and what was done.
    await machine.role(ana.nick, 'admin');
    const eve = await somebody(machine, 'eve', 'Eve');
    const watches = await dweet(machine, eve, 'Buy watches');
    await report(machine, ben, eve, [watches, await dweet(machine, eve, 'Buy more')], 'Always these watches', ana);
    await act(machine, ana, 'POST', `/api/tertulia/v1/moderation/dweets/${watches}/delete`, { author: eve.id, why: 'An advertisement' });
    const mallory = await somebody(machine, 'mallory', 'Mallory');
    await act(machine, ana, 'POST', `/api/tertulia/v1/moderation/people/${mallory.id}/suspend`, { why: 'Spam' });
    await act(machine, ana, 'PATCH', '/api/tertulia/v1/community', { rules: ['Be kind', 'No ads'], welcome: 'Come in', description: 'A square', members_may_invite: true });
    ({ code } = (await act(machine, ana, 'POST', '/api/tertulia/v1/invitations', { note: 'For Zoe', uses: 3 })) as { code: string });
    for (const deed of ['favourite', 'bookmark']) await act(machine, ana, 'POST', `/api/v1/statuses/${answer}/${deed}`);
  });

  for (const { language, theme, width } of LOOKS) {
    test(`in ${language}, ${theme}, ${width} wide`, async ({ page, context, machine }) => {
      test.setTimeout(180_000);
      await page.setViewportSize({ width, height: 800 });
      await context.addInitScript(
        ([wanted, colours]) => {
          if (!location.protocol.startsWith('http')) return;
          localStorage.setItem('tertulia.language', JSON.stringify(wanted));
          localStorage.setItem('tertulia.theme', JSON.stringify(colours));
        },
        [language, theme] as const,
      );
      // First what one sees without an account, then the rest with one.
      const forStrangers = (route: Route) => ['welcome', 'login', 'register', 'invite', 'about'].includes(route.name);
      const all = [...(ROUTES as readonly Route[])].sort((a, b) => Number(forStrangers(b)) - Number(forStrangers(a)));
      let isIn: boolean = false;
      for (const route of all) {
        const isFresh: boolean = !isIn && !forStrangers(route);
        if (isFresh) await enter(context, ana);
        isIn ||= isFresh;
        const names: Record<string, string> = { ...route.example, nick: ana.nick, id, code };
        const path = route.path.replace(/:(\w+)/g, (_, name: string) => names[name] ?? '');
        const address = route.name === 'search' ? '/search?q=ana' : path;
        // As people do: the page is loaded once, and then one goes from place to place.
        if (isFresh || page.url() === 'about:blank') await page.goto(address);
        else await page.evaluate(click, address);
        await expect(page).toHaveURL(new URL(address, machine.url).href);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText(/^(Loading…|Cargando…)$/)).toHaveCount(0);
        await expect(page.locator('html')).toHaveAttribute('lang', language);
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(TAGS).analyze();
        expect(violations.map(({ id: rule, nodes }) => `${path}: ${rule} ${nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
      }
    });
  }

  test('the sheets for reports and decisions, on the narrowest phone', async ({ page, context }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await enter(context, ana);
    await page.goto('/public');
    await card(page, 'Buy more').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Report this dweet' }).click();
    await expect(page.getByRole('dialog').getByRole('checkbox')).toBeChecked();
    await held(page);
    await page.goto('/moderation');
    await page.getByRole('button', { name: 'Settle the report' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await held(page);
  });
});

async function held(page: Page) {
  const { violations } = await new AxeBuilder({ page }).include('dialog').withTags(TAGS).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
  const overflow = await page.getByRole('dialog').evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
}
