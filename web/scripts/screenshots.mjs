// Pictures of the page for the README, from a ring of three machines with a few people who talk: `npm run screenshots`.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { Machine, until } from './machine.mjs';
import { ask, befriend, enter, registered, write } from './people.mjs';
import { Terminal } from './terminal.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/page/', import.meta.url));
const QUALITY = 82;

const first = await Machine.found();
const machines = [first, await Machine.join(first), await Machine.join(first)];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
let bob;
try {
  const ana = await registered(first, 'ana', 'Ana', 'Teacher, gardener, bad loser at chess.');
  const clara = await registered(first, 'clara', 'Clara Ruiz', 'La biblioteca abre a las diez.');
  const leo = await registered(first, 'leo', 'Leo', 'Bread on Tuesdays.');
  bob = new Terminal(first, 'bob', 'Bob');
  const { access_token: token } = await ask(first, 'POST', '/api/tertulia/v1/login', null, { nick: 'bob', password: 'correct horse' });
  const { id } = await ask(first, 'PATCH', '/api/v1/accounts/update_credentials', token, { note: 'Runs the machine under the stairs.' });
  const bobs = { token, id, nick: 'bob', name: 'Bob' };
  await befriend(first, [ana, clara, leo, bobs]);

  await write(first, clara, 'Nueva en la estantería: la historia del telégrafo, en dos tomos. Se presta. #biblioteca');
  await write(first, leo, 'Rye today, and what is left of the seed cake. The oven is warm until six if somebody has a stew.');
  await write(first, bobs, 'The machine under the stairs got two sisters: one in the library, one at the school. Any one may fail now. #ring');
  const question = await write(first, bobs, 'Who comes to the tertulia on Friday?');
  const answer = await write(first, ana, '@bob I do, with a cake!', question);
  await write(first, clara, '@bob ¡Yo también! ¿Limón o chocolate, @ana?', question);
  await write(first, leo, '@ana @bob Then I bring the bread, and nobody asks me about chess.', answer);
  const tomatoes = await write(first, ana, 'Tomatoes are ripe. Whoever waters them may pick them. #garden');
  for (const one of [bobs, clara, leo]) await ask(first, 'POST', `/api/v1/statuses/${tomatoes}/favourite`, one.token);
  for (const one of [clara, leo]) await ask(first, 'POST', `/api/v1/statuses/${question}/favourite`, one.token);
  await ask(first, 'POST', `/api/v1/statuses/${tomatoes}/reblog`, bobs.token);

  // Clara's browser, in which all is said; the pictures are taken in it, dressed anew for each.
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Madrid', serviceWorkers: 'block', reducedMotion: 'reduce' });
  await enter(context, clara);
  const page = await context.newPage();
  await page.goto(`${first.url}/messages`);
  await page.getByLabel('With whom? Their nick').fill('bob');
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  const say = async (text) => {
    await page.getByLabel('Write a message').fill(text);
    await page.getByLabel('Write a message').press('Enter');
    await page.getByRole('article').filter({ hasText: text }).getByText(/sent|delivered|read/).first().waitFor({ state: 'attached' });
  };
  const hear = async (text) => {
    bob.run('read', 'clara');
    bob.run('send', 'clara', text);
    await page.getByRole('article').filter({ hasText: text }).waitFor();
  };
  await say('Bob, the ring at the library blinks. Is that good?');
  await hear('It is. It blinks when it hears its sisters.');
  await say('And when it does not blink?');
  await hear('Then the other two carry on, and I come by with a cable.');
  await hear('See you on Friday? Ana brings a cake.');
  await say('Lemon, I hope. Not a word to Leo!');
  bob.run('read', 'clara');
  await page.getByRole('article').filter({ hasText: 'Not a word' }).getByText('read').waitFor({ state: 'attached' });
  const chat = page.url();
  await until(async () => (await ask(first, 'GET', '/api/tertulia/v1/ring')).tolerates > 0, 'a machine may be lost', 120_000);

  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const cdp = await context.newCDPSession(page);
  const PAGES = {
    home: [`${first.url}/home`, () => page.locator('article.dweet').nth(4).waitFor()],
    thread: [`${first.url}/@bob/${question}`, () => page.locator('article.dweet').nth(3).waitFor()],
    chat: [chat, () => page.getByRole('article').filter({ hasText: 'Not a word' }).waitFor()],
    ring: [`${first.url}/ring`, () => page.locator('svg .machine.alive').nth(2).waitFor()],
  };
  for (const [name, [url, there]] of Object.entries(PAGES)) {
    await page.goto(url);
    await there();
    for (const [size, viewport] of Object.entries({ wide: { width: 1180, height: 760 }, phone: { width: 390, height: 760 } })) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => {
          document.activeElement?.blur();
          return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        });
        // Smaller than what Playwright's own pictures come to.
        const { data } = await cdp.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
        await writeFile(`${FOLDER}${name}-${size}-${colorScheme}.webp`, Buffer.from(data, 'base64'));
      }
    }
  }
} finally {
  await browser.close();
  bob?.end();
  for (const machine of machines) await machine.end();
}
