import { Terminal } from '../scripts/terminal.mjs';
import { ROUTES, type Route } from '../src/routes';
import { everybodyCanUse } from './axe';
import { begin, message, ready, say } from './chat';
import { act, card, dweet, enter, expect, follow, nick, personOf, report, somebody, test, type Person } from './ring';

/** A click on a link to this address. */
function click(to: string) {
  const link = Object.assign(document.createElement('a'), { href: to });
  document.body.append(link);
  link.click();
  link.remove();
}

test.describe('every page can be used by everybody, in both languages and both themes', () => {
  // One after another: what they look at is made once.
  test.describe.configure({ mode: 'default' });
  let ana: Person;
  let ben: Terminal;
  let id: string;
  let code: string;

  test.beforeAll(async ({ machine }) => {
    ana = await somebody(machine, 'ana', 'Ana Pérez');
    ben = new Terminal(machine, nick('ben'), 'Benjamín');
    const his = await personOf(machine, ben.nick);
    await follow(machine, ana, his);
    await follow(machine, his, ana);
    id = await dweet(machine, ana, 'Hola #plaza https://example.org/');
    for (let n = 1; n <= 50; n += 1) await dweet(machine, his, `Number ${n} of fifty #plaza`);
    const answer = await dweet(machine, his, `@${ana.nick} ¡hola!`, { in_reply_to_id: id });
    await dweet(machine, his, 'Behind a warning', { spoiler_text: 'a warning' });
    for (const deed of [`statuses/${id}/favourite`, `statuses/${id}/reblog`]) await act(machine, his, 'POST', `/api/v1/${deed}`);
    // What moderators see: a report that waits and one that is settled, somebody who is suspended, and what was done.
    await machine.role(ana.nick, 'admin');
    const eve = await somebody(machine, 'eve', 'Eve');
    const watches = await dweet(machine, eve, 'Buy watches');
    await report(machine, his, eve, [watches, await dweet(machine, eve, 'Buy more')], 'Always these watches', ana);
    await act(machine, ana, 'POST', `/api/tertulia/v1/moderation/dweets/${watches}/delete`, { author: eve.id, why: 'An advertisement' });
    const mallory = await somebody(machine, 'mallory', 'Mallory');
    await act(machine, ana, 'POST', `/api/tertulia/v1/moderation/people/${mallory.id}/suspend`, { why: 'Spam' });
    await act(machine, ana, 'PATCH', '/api/tertulia/v1/community', { rules: ['Be kind', 'No ads'], welcome: 'Come in', description: 'A square', members_may_invite: true });
    ({ code } = (await act(machine, ana, 'POST', '/api/tertulia/v1/invitations', { note: 'For Zoe', uses: 3 })) as { code: string });
    for (const deed of ['favourite', 'bookmark']) await act(machine, ana, 'POST', `/api/v1/statuses/${answer}/${deed}`);
  });
  test.afterAll(() => ben.end());

  test('every route of the table, for strangers and for members', async ({ page, context, machine }) => {
    // Colours that are on their way to others have no contrast that counts.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const forStrangers = (route: Route) => ['welcome', 'login', 'register', 'invite', 'about', 'ring', 'public'].includes(route.name);
    const ofChats = (route: Route) => route.name === 'chat' || route.name === 'chatDetails';
    const look = async (route: Route, names: Record<string, string>) => {
      const path = route.path.replace(/:(\w+)/g, (_, name: string) => names[name] ?? route.example?.[name] ?? '');
      const address = route.name === 'search' ? '/search?q=ana' : path;
      // As people do: the page is loaded once, and then one goes from place to place.
      await page.evaluate(click, address);
      await expect(page).toHaveURL(new URL(address, machine.url).href);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.getByText(/^(Loading|Opening your messages)…$/)).toHaveCount(0);
      if (ofChats(route)) await expect(page.getByText('from the other side').or(page.getByTestId('number')).first()).toBeVisible();
      await everybodyCanUse(page, path);
    };

    await page.goto('/');
    for (const route of (ROUTES as readonly Route[]).filter(forStrangers)) await look(route, { code });
    // What went wrong is said as well as what did not.
    await page.evaluate(click, '/login');
    await page.locator('#nick').fill(ana.nick);
    await page.locator('#password').fill('not the right one');
    await page.locator('#password').press('Enter');
    await expect(page.getByRole('alert')).toBeVisible();
    await everybodyCanUse(page, 'a wrong password');
    await page.evaluate(click, '/nonsense');
    await everybodyCanUse(page, 'nothing there');
    await page.evaluate(() => localStorage.clear());

    await enter(context, ana);
    await page.goto('/messages');
    await ready(page);
    await begin(page, ben.nick);
    await say(page, `hola ${'w'.repeat(120)}`);
    await expect(message(page, 'hola')).toContainText('sent');
    ben.run('send', ana.nick, 'a text from the other side');
    await expect(message(page, 'from the other side')).toBeVisible();
    const chat = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    for (const route of ROUTES as readonly Route[]) {
      if (['welcome', 'login', 'register', 'invite'].includes(route.name)) continue;
      await look(route, { nick: ana.nick, code, id: ofChats(route) ? chat : id });
    }
    await page.evaluate(click, '/@nobody_at_all');
    await expect(page.getByText('There is nothing here').first()).toBeVisible();
    await everybodyCanUse(page, 'nobody there');
  });

  test('the sheets over the page', async ({ page, context }) => {
    await enter(context, ana);
    await page.goto('/public');
    const sheet = page.getByRole('dialog');
    await card(page, 'Buy more').getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Report this dweet' }).click();
    await expect(sheet.getByRole('checkbox')).toBeChecked();
    await everybodyCanUse(page, 'reporting', 'dialog');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(sheet).toBeVisible();
    await everybodyCanUse(page, 'keys', 'dialog');
    await page.keyboard.press('Escape');
    await page.goto('/moderation');
    await page.getByRole('button', { name: 'Settle the report' }).click();
    await expect(sheet).toBeVisible();
    await everybodyCanUse(page, 'deciding', 'dialog');
  });
});
