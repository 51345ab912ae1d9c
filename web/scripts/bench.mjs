// How soon the page can be used on a slow phone: `npm run bench`, and part of `make bench`; TERTULIA_BIN names the machine's program,
// `--json FILE` keeps the figures.
//
// The phone is Chromium with a processor four times slower, and the "slow 4G" of its own tools: 1.6 Mbit/s, and 150 ms of way, which
// makes 562 ms for each request. *Interactive* is the moment from which on what can be pressed is painted, and nothing keeps the page busy for
// more than 50 ms any more, as far as is looked: until two seconds behind the first dweets.
import { writeFile } from 'node:fs/promises';
import { chromium } from '@playwright/test';
import { Machine } from './machine.mjs';
import { befriend, enter, registered, write } from './people.mjs';

const SLOW_4G = { offline: false, latency: 150 * 3.75, downloadThroughput: (1.6e6 / 8) * 0.9, uploadThroughput: (750e3 / 8) * 0.9 };
const SLOWER_CPU = 4;
const ROUNDS = 5;
const QUIET_MS = 2_000;
const REACH_MS = 2_000;

/** Runs in the page: notes when something can be pressed, when there are dweets, and what keeps the page busy; tells when nothing does any more. */
function note(quiet) {
  const seen = { shown: 0, content: 0, busyUntil: 0 };
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.busyUntil = Math.max(seen.busyUntil, task.startTime + task.duration);
  }).observe({ type: 'longtask', buffered: true });
  const painted = (name) => requestAnimationFrame(() => setTimeout(() => (seen[name] ||= performance.now())));
  new MutationObserver(() => {
    if (!seen.shown && document.querySelector('main a.button, button.write')) painted('shown');
    if (!seen.content && document.querySelector('main article.dweet')) painted('content');
  }).observe(document, { childList: true, subtree: true });
  const looking = setInterval(() => {
    if (!seen.content || performance.now() - Math.max(seen.content, seen.busyUntil) < quiet) return;
    clearInterval(looking);
    globalThis.told(JSON.stringify(seen));
  }, 200);
}

/** Nothing is asked of the page while it is looked at: Playwright would bring a script of its own, and a slow phone is busy with that for 70 ms. */
async function visit(context, url) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Page.enable');
  await cdp.send('Runtime.enable');
  await cdp.send('Runtime.addBinding', { name: 'told' });
  await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${note})(${QUIET_MS})` });
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', SLOW_4G);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER_CPU });
  let bytes = 0;
  let requests = 0;
  let isThere = false;
  // What is fetched until the first dweets can be: all that was asked for before their answer had come.
  cdp.on('Network.requestWillBeSent', ({ request }) => (requests += Number(!isThere && /^http/.test(request.url))));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes += isThere ? 0 : encodedDataLength;
    isThere ||= timelines.has(requestId);
  });
  const timelines = new Set();
  cdp.on('Network.responseReceived', ({ requestId, response }) => {
    if (response.url.includes('/api/v1/timelines/')) timelines.add(requestId);
  });
  const told = new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the page is not quiet within a minute')), 60_000);
    cdp.on('Runtime.bindingCalled', ({ payload }) => {
      clearTimeout(limit);
      resolve(JSON.parse(payload));
    });
  });
  await cdp.send('Page.navigate', { url });
  const { shown, content, busyUntil } = await told;
  await page.close();
  return { painted_ms: shown, interactive_ms: Math.max(shown, busyUntil), content_ms: content, bytes, requests };
}

const median = (values) => Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]);

const machine = await Machine.found();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const [ana, ben] = [await registered(machine, 'ana', 'Ana'), await registered(machine, 'ben', 'Ben')];
  await befriend(machine, [ana, ben]);
  for (let n = 1; n <= 40; n += 1) await write(machine, ben, `Number ${n} of what Ben has to say, and it goes on for a line or two. #plaza`);
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'en-GB' };
  const rounds = { stranger: [], member: [], again: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    // The page of strangers, and home of somebody who is logged in, both with nothing kept; home once more, as it was kept.
    for (const [name, person, path] of [['stranger', null, '/'], ['member', ana, '/home']]) {
      const context = await browser.newContext({ ...phone, serviceWorkers: 'block' });
      if (person) await enter(context, person);
      rounds[name].push(await visit(context, machine.url + path));
      await context.close();
    }
    const context = await browser.newContext(phone);
    await enter(context, ana);
    const before = await context.newPage();
    await before.goto(`${machine.url}/home`);
    await before.evaluate(() => navigator.serviceWorker.ready);
    await before.close();
    rounds.again.push(await visit(context, `${machine.url}/home`));
    await context.close();
  }
  const figures = Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => [name, Object.fromEntries(Object.keys(all[0]).map((key) => [key, median(all.map((one) => one[key]))]))]),
  );
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  const WORDS = { stranger: 'first visit, a stranger', member: 'first visit, logged in', again: 'another visit' };
  console.log(`The page on a slow phone (processor ${SLOWER_CPU} times slower, slow 4G), median of ${ROUNDS}:\n`);
  console.log('| visit | painted | interactive | dweets are there | fetched until then | reach |\n|---|---|---|---|---|---|');
  for (const [name, f] of Object.entries(figures)) {
    const reach = f.interactive_ms < REACH_MS ? 'reached' : 'below';
    console.log(`| ${WORDS[name]} | ${seconds(f.painted_ms)} | ${seconds(f.interactive_ms)} | ${seconds(f.content_ms)} | ${Math.round(f.bytes / 1000)} kB, ${f.requests} requests | ${seconds(REACH_MS)}: ${reach} |`);
  }
  const at = process.argv.indexOf('--json');
  if (at > 0) await writeFile(process.argv[at + 1], `${JSON.stringify({ page: figures, rounds }, null, 2)}\n`);
} finally {
  await browser.close();
  await machine.end();
}
