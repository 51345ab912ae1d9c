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

/** Runs in the page: notes when something can be pressed, when there are dweets, and what keeps the page busy. */
function note() {
  const seen = { shown: 0, content: 0, busyUntil: 0 };
  window.seen = seen;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.busyUntil = Math.max(seen.busyUntil, task.startTime + task.duration);
  }).observe({ type: 'longtask', buffered: true });
  const painted = (name) => requestAnimationFrame(() => setTimeout(() => (seen[name] ||= performance.now())));
  new MutationObserver(() => {
    if (!seen.shown && document.querySelector('main a.button, button.write')) painted('shown');
    if (!seen.content && document.querySelector('main article.dweet')) painted('content');
  }).observe(document, { childList: true, subtree: true });
}

async function visit(context, url) {
  const page = await context.newPage();
  await page.addInitScript(note);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', SLOW_4G);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER_CPU });
  let bytes = 0;
  let requests = 0;
  let isThere = false;
  cdp.on('Network.requestWillBeSent', ({ request }) => (requests += Number(!isThere && /^http/.test(request.url))));
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += isThere ? 0 : encodedDataLength));
  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.seen.content > 0, null, { timeout: 60_000 });
  isThere = true;
  await page.waitForFunction((quiet) => performance.now() - Math.max(window.seen.content, window.seen.busyUntil) > quiet, QUIET_MS, { timeout: 60_000 });
  const { shown, content, busyUntil } = await page.evaluate(() => window.seen);
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
