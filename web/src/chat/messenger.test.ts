// Two-sided: the page's code here, the real terminal client there, a real machine between.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base64, ofBase64, randomName } from './bytes';
import { get, post } from './ring';
import { changeOwn, own, type Package } from './rows';
import { add } from './said';
import { Browser, texts } from './test/browser';
import { Machine, until } from './test/machine';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

test('texts and receipts go both ways between browser and terminal', { timeout: 120_000 }, async () => {
  const ben = machine.terminal('ben1');
  ben.run('register', 'ben1');
  const ana = await (await Browser.of(machine, 'ana1')).open();
  expect(await ana.stand()).toBe('device');
  const id = await ana.converse('ben1');
  await ana.say(id, 'hola');
  await ana.deliver();
  expect((await ana.page(id, undefined, 10)).map(({ progress }) => progress)).toEqual(['at_home']);
  expect(ben.heard('ana1')).toEqual(['hola']);
  ben.run('send', 'ana1', '¿qué tal?');
  await ana.deliver();
  expect(await texts(ana, id)).toEqual(['hola', '¿qué tal?']);
  expect((await ana.page(id, undefined, 10)).map(({ progress }) => progress)).toEqual(['read', undefined]);
  expect(await ana.chats()).toMatchObject([{ id, nick: 'ben1', unread: 1, last: { text: '¿qué tal?' } }]);
  expect(ben.steps('ana1')).toEqual(['delivered']);
  await ana.read(id);
  expect(await ana.chats()).toMatchObject([{ unread: 0 }]);
  await ana.deliver();
  expect(ben.steps('ana1')).toEqual(['read']);
  await until('nothing waits', async () => (await ana.deliver()).waiting === 0);
  ana.close();
});

test('the terminal begins, and the browser is let in', { timeout: 120_000 }, async () => {
  const ben = machine.terminal('ben2');
  ben.run('register', 'ben2');
  const browser = await Browser.of(machine, 'ana2');
  let ana = await browser.open();
  await ana.stand();
  ben.run('send', 'ana2', 'one');
  ana.close();
  ana = await browser.open();
  await ana.deliver();
  // He is a stranger: nobody is told of anything before she agrees.
  expect(await ana.chats()).toEqual([]);
  const [chat] = await ana.requests();
  expect(chat).toMatchObject({ nick: 'ben2', unread: 1, isAsked: true });
  expect(ben.steps('ana2')).toEqual(['at_home']);
  expect(await texts(ana, (chat as { id: string }).id)).toEqual(['one']);
  await ana.say((chat as { id: string }).id, 'two');
  await ana.deliver();
  expect(ben.heard('ana2')).toEqual(['one', 'two']);
  // Whoever answers has agreed.
  expect(ben.steps('ana2')).toEqual(['delivered']);
  expect(await ana.requests()).toEqual([]);
  expect(await ana.chats()).toMatchObject([{ nick: 'ben2', isAsked: false }]);
});

test('a stranger who is refused is blocked, and what they said is gone; whom one follows is no stranger', async () => {
  const [ben, eva] = [machine.terminal('ben3'), machine.terminal('eva3')];
  ben.run('register', 'ben3');
  eva.run('register', 'eva3');
  const ana = await (await Browser.of(machine, 'ana3')).open();
  await ana.stand();
  const { id: evasId } = await ana.desk.ring.ask<{ id: string }>(get('/api/v1/accounts/lookup', { acct: 'eva3' }));
  await ana.desk.ring.ask(post(`/api/v1/accounts/${evasId}/follow`));
  eva.run('send', 'ana3', 'we know each other');
  ben.run('send', 'ana3', 'buy this');
  ben.run('room', 'create', 'market', 'ana3');
  await until('all have come', async () => {
    await ana.deliver();
    return (await ana.requests()).length === 2;
  });
  expect(await ana.chats()).toMatchObject([{ nick: 'eva3' }]);
  for (const { id } of await ana.requests()) await ana.refuse(id);
  await ana.deliver();
  expect(await ana.requests()).toEqual([]);
  expect((await ana.chats()).map(({ nick }) => nick)).toEqual(['eva3']);
  expect(ben.run<{ progress: string }>('send', 'ana3', 'again').progress).toBe('refused');
});

test('a device that leaves broken packages keeps nobody else from talking', async () => {
  const [ana, ben, eva] = await Promise.all(
    ['ana4', 'ben4', 'eva4'].map(async (nick) => (await Browser.of(machine, nick)).open()),
  );
  if (!ana || !ben || !eva) throw new Error('three are wanted');
  for (const page of [ana, ben, eva]) await page.stand();
  const mine = await eva.desk.vault.change(own);
  const stocked = (await eva.desk.vault.change((tx) => tx.all<Package>('package'))).map(([, row]) => ofBase64(row.bytes));
  const broken = stocked.map((bytes, at) => base64(bytes.map((byte, place) => (place === bytes.length - 1 - at ? byte ^ 1 : byte))));
  const stock = { device: mine?.device, packages: broken.slice(0, 20), replaces: true, last_resort: broken[20] };
  await eva.desk.ring.ask(post('/api/tertulia/v1/key_packages', stock));
  const room = await ana.createRoom(randomName(), 'three', ['ben4', 'eva4']);
  await ana.say(room, 'to the room');
  const two = await ana.converse('eva4');
  await ana.say(two, 'to eva');
  await ana.deliver();
  await ben.deliver();
  expect(await texts(ben, room)).toEqual(['to the room']);
  // She gets hers when she has left packages that hold.
  expect((await ana.page(two, undefined, 9)).map(({ progress }) => progress)).toEqual(['waiting']);
  await eva.desk.vault.change((tx) => {
    for (const [key, row] of tx.all<Package>('package')) tx.put('package', key, { ...row, isStocked: false });
    changeOwn(tx, { renewedMs: 0 });
  });
  await eva.deliver();
  await ana.deliver();
  await eva.deliver();
  expect(await texts(eva, two)).toEqual(['to eva']);
});

test('a moment that no calendar has is shown as the last one that it has', async () => {
  const ana = await (await Browser.of(machine, 'ana5')).open();
  await ana.stand();
  machine.terminal('ben5').run('register', 'ben5');
  const conversation = await ana.converse('ben5');
  const said = { conversation, id: randomName(), sender: '1', sentMs: 9e15, text: 'later', isRead: true };
  await ana.desk.vault.change((tx) => add(tx, said));
  const [shown] = await ana.page(conversation, undefined, 1);
  expect(new Date(shown?.sentMs ?? 0).toISOString()).toBe('9999-12-31T23:59:59.000Z');
});
