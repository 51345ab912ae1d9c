// Several tabs of one browser: one of them works, the others ask it and take over.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomName } from './bytes';
import { Misuse } from './desk';
import { Tabs, type Event } from './tabs';
import { Browser } from './test/browser';
import { locks } from './test/locks';
import { Machine, until } from './test/machine';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

function opened(browser: Browser, of: ReturnType<typeof locks>): Tabs {
  return new Tabs(new BroadcastChannel(browser.account), of, browser.account, () => browser.open());
}

test('m4 two tabs write with one pen; when one goes the other takes over, and nothing is lost or said twice', async () => {
  const ben = machine.terminal('ben1');
  ben.run('register', 'ben1');
  const browser = await Browser.of(machine, 'ana1');
  const shared = locks();
  const [one, two] = [opened(browser, shared), opened(browser, shared)];
  const events: Event[] = [];
  two.on((event) => events.push(event));
  await until('a tab is a device', async () => (await two.ask('state')).standing === 'device');
  expect([one.isLeader, two.isLeader]).toEqual([true, false]);
  const id = await two.ask('converse', 'ben1');
  await Promise.all([one, two, one, two, one, two].map((tab, at) => tab.ask('say', id, `text ${at}`, randomName())));
  await until("all is at ben's home", async () =>
    (await two.ask('page', id, undefined, 9)).every(({ progress }) => progress === 'at_home'),
  );
  expect(ben.heard('ana1').sort()).toEqual([0, 1, 2, 3, 4, 5].map((at) => `text ${at}`));
  // What comes is told in both, by the stream.
  ben.run('send', 'ana1', 'hola');
  await until(
    'the second tab hears of it',
    async () => (await two.ask('page', id, undefined, 9)).at(-1)?.text === 'hola',
  );
  expect(events.some((event) => event.event === 'changed' && event.conversations.includes(id))).toBe(true);
  // The first one goes while it is asked.
  const name = randomName();
  const asked = two.ask('say', id, 'over the gap', name);
  await one.end();
  expect(await asked).toBe(name);
  expect(two.isLeader).toBe(true);
  expect(await two.ask('say', id, 'over the gap', name)).toBe(name);
  await until('it has come', async () => (await two.ask('page', id, undefined, 9)).at(-1)?.progress === 'at_home');
  expect(ben.heard('ana1').filter((text) => text === 'over the gap')).toHaveLength(1);
  await two.end();
});

test('what a tab is refused has its reason in the other one too', async () => {
  const browser = await Browser.of(machine, 'ana2');
  const shared = locks();
  const [one, two] = [opened(browser, shared), opened(browser, shared)];
  await until('a tab is a device', async () => (await two.ask('state')).standing === 'device');
  await expect(two.ask('converse', 'nobody_there')).rejects.toMatchObject(new Misuse('no_such_nick', 'nobody_there'));
  await one.end();
  await two.end();
});

test('while no machine answers texts wait, and go by themselves when one is back', async () => {
  const lonely = await Machine.start();
  const ben = lonely.terminal('ben3');
  ben.run('register', 'ben3');
  const browser = await Browser.of(lonely, 'ana3');
  const tab = opened(browser, locks());
  const id = await tab.ask('converse', 'ben3');
  await tab.ask('say', id, 'before');
  await until('it has come', async () => (await tab.ask('page', id, undefined, 9)).at(-1)?.progress === 'at_home');
  await lonely.kill();
  await tab.ask('say', id, 'meanwhile');
  await until('the tab knows', async () => !(await tab.ask('state')).isConnected);
  expect((await tab.ask('page', id, undefined, 9)).at(-1)?.progress).toBe('waiting');
  await lonely.start();
  await until('it has come', async () => (await tab.ask('page', id, undefined, 9)).at(-1)?.progress === 'at_home');
  expect(ben.heard('ana3')).toEqual(['before', 'meanwhile']);
  await tab.end();
  await lonely.end();
});
