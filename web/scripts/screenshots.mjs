// Pictures of the page for the README, from a machine with a few people who talk: `npm run screenshots`.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { Machine } from './machine.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/page/', import.meta.url));
const PEOPLE = {
  ana: ['Ana', 'Teacher, gardener, bad loser at chess.'],
  bob: ['Bob', 'Runs the machine under the stairs.'],
  clara: ['Clara Ruiz', 'La biblioteca abre a las diez.'],
};

const machine = await Machine.found();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const ask = async (method, path, token, body) => {
    const answer = await fetch(machine.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.json();
  };
  const people = {};
  for (const [nick, [name, note]] of Object.entries(PEOPLE)) {
    const { access_token: token } = await ask('POST', '/api/tertulia/v1/register', null, { nick, name, password: 'correct horse' });
    const { id } = await ask('PATCH', '/api/v1/accounts/update_credentials', token, { note });
    people[nick] = { token, id, nick, name };
  }
  for (const one of Object.values(people)) {
    for (const other of Object.values(people)) if (one !== other) await ask('POST', `/api/v1/accounts/${other.id}/follow`, one.token);
  }
  const say = async (nick, status, to) => (await ask('POST', '/api/v1/statuses', people[nick].token, { status, in_reply_to_id: to ?? null })).id;
  await say('clara', 'Nueva en la estantería: la historia del telégrafo, en dos tomos. Se presta. #biblioteca');
  const question = await say('bob', 'Who comes to the tertulia on Friday?');
  await say('ana', '@bob I do, with a cake!', question);
  await say('clara', '@bob ¡Yo también! ¿Limón o chocolate, @ana?', question);
  await say('bob', 'The machine under the stairs got a sister in the library. Two can fail now. #ring');
  const last = await say('ana', 'Tomatoes are ripe. Whoever waters them may pick them. #garden');
  for (const nick of ['bob', 'clara']) await ask('POST', `/api/v1/statuses/${last}/favourite`, people[nick].token);
  await ask('POST', `/api/v1/statuses/${last}/reblog`, people.bob.token);

  await mkdir(FOLDER, { recursive: true });
  const looks = [
    { name: 'wide', width: 1180, height: 760, colorScheme: 'light', path: '/home' },
    { name: 'phone', width: 390, height: 760, colorScheme: 'dark', path: `/@bob/${question}` },
  ];
  for (const { name, width, height, colorScheme, path } of looks) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: 'en-GB', serviceWorkers: 'block' });
    await context.addInitScript((session) => localStorage.setItem('tertulia.session', session), JSON.stringify(people.clara));
    const page = await context.newPage();
    await page.goto(machine.url + path);
    await page.locator('article.dweet').nth(2).waitFor();
    await page.screenshot({ path: `${FOLDER}${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
  await machine.end();
}
