// Devices of one person in browsers and terminals: linked either way, recovered, shut out, lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, texts } from './test/browser';
import { SessionEnded } from './ring';
import { Machine, Terminal, until } from './test/machine';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

const CODE = /[0-9A-Z]{5}(-[0-9A-Z]{5}){6}/;

test('a browser is let in by the terminal, with all that was said, and both go on', async () => {
  const [ana, ben] = [machine.terminal('ana1'), machine.terminal('ben1')];
  ana.run('register', 'ana1');
  ben.run('register', 'ben1');
  ana.run('send', 'ben1', 'before');
  ben.run('send', 'ana1', 'answer');
  expect(ana.heard('ben1')).toEqual(['before', 'answer']);
  const browser = await Browser.of(machine, 'ana1', false);
  const page = await browser.open({ label: 'page' });
  expect(await page.stand()).toBe('other_devices');
  const { code, short } = await page.invite();
  const steps: string[] = [];
  const linked = page.beLetIn(({ step }) => steps.push(step));
  const old = ana.begin('link', code, '--yes');
  expect(await linked).toBe(2);
  expect(await old.ended, old.said()).toBe(0);
  expect(old.said()).toContain(short);
  expect(steps).toContain('entered');
  const [chat] = await until('the chat is here', () => page.chats());
  const id = (chat as { id: string }).id;
  expect(await texts(page, id)).toEqual(['before', 'answer']);
  expect((await page.page(id, undefined, 9)).map(({ progress }) => progress)).toEqual(['delivered', undefined]);
  ben.run('send', 'ana1', 'to both');
  await page.deliver();
  expect(await texts(page, id)).toEqual(['before', 'answer', 'to both']);
  expect(ana.heard('ben1')).toEqual(['before', 'answer', 'to both']);
  await page.say(id, 'from the page');
  await page.deliver();
  expect(ben.heard('ana1').at(-1)).toBe('from the page');
  expect(ana.heard('ben1').at(-1)).toBe('from the page');
  expect((await page.devices()).map(({ label, isThis }) => [label, isThis])).toEqual([
    ['terminal', false],
    ['page', true],
  ]);
  page.close();
});

test('a terminal is let in by the browser, and what came meanwhile is there', async () => {
  const browser = await Browser.of(machine, 'ana2');
  const page = await browser.open();
  await page.stand();
  const ben = machine.terminal('ben2');
  ben.run('register', 'ben2');
  const id = await page.converse('ben2');
  for (const text of ['one', 'two']) await page.say(id, text);
  await page.deliver();
  ben.run('send', 'ana2', 'three');
  await page.deliver();
  const ana = machine.terminal('ana2');
  ana.run('login', 'ana2');
  const waiting = ana.begin('link');
  const code = await until('a code is shown', () => CODE.exec(waiting.said())?.[0]);
  const guest = await page.lookFor(code);
  expect(waiting.said()).toContain(guest.short);
  expect(await page.letIn()).toBe(0);
  expect(await waiting.ended, waiting.said()).toBe(0);
  expect(ana.heard('ben2')).toEqual(['one', 'two', 'three']);
  ben.run('send', 'ana2', 'four');
  expect(ana.heard('ben2').at(-1)).toBe('four');
  await page.deliver();
  expect(await texts(page, id)).toEqual(['one', 'two', 'three', 'four']);
});

test('with a recovery code a wiped browser is the same person again, and reads what is said from then on', async () => {
  const first = await Browser.of(machine, 'ana3');
  let page = await first.open();
  await page.stand();
  const ben = machine.terminal('ben3');
  ben.run('register', 'ben3');
  const id = await page.converse('ben3');
  await page.say(id, 'before');
  await page.deliver();
  expect(ben.heard('ana3')).toEqual(['before']);
  const { code, file } = await page.backUp(false);
  const lost = (await page.devices())[0]?.id as string;
  page.close();
  // The store is gone.
  const second = new Browser(first.ring, first.account);
  page = await second.open();
  expect(await page.stand()).toBe('other_devices');
  expect(await page.restore(code as string, file)).toBe(1);
  await page.revoke(lost);
  await page.deliver();
  expect(await texts(page, id)).toEqual(['before']);
  ben.run('send', 'ana3', 'are you there?');
  await until('it is heard', async () => {
    await page.deliver();
    return (await texts(page, id)).at(-1) === 'are you there?';
  });
  await page.say(id, 'yes');
  await page.deliver();
  expect(ben.heard('ana3')).toEqual(['before', 'are you there?', 'yes']);
  // Nobody is warned: it is the same identity.
  expect(await page.alarms()).toEqual([]);
  expect((await page.devices()).map(({ isThis }) => isThis)).toEqual([true]);
});

test('the terminal recovers what the browser has backed up', async () => {
  const page = await (await Browser.of(machine, 'ana4')).open();
  await page.stand();
  const ben = machine.terminal('ben4');
  ben.run('register', 'ben4');
  await page.say(await page.converse('ben4'), 'before');
  await page.deliver();
  const { code } = await page.backUp(false);
  const ana = machine.terminal('ana4');
  ana.run('login', 'ana4');
  process.env.TERTULIA_RECOVERY_CODE = code;
  const restored = ana.run<{ is_let_in: boolean; number: number }>('account', 'restore');
  delete process.env.TERTULIA_RECOVERY_CODE;
  expect(restored).toMatchObject({ is_let_in: true, number: 1 });
  ana.run('send', 'ben4', 'again');
  expect(ben.heard('ana4')).toEqual(['before', 'again']);
});

test('who is shut out reads nothing more; a new identity is told loudly, and who was verified is held back', async () => {
  const browser = await Browser.of(machine, 'ana5');
  const page = await browser.open();
  await page.stand();
  const ben = machine.terminal('ben5');
  ben.run('register', 'ben5');
  ben.run('send', 'ana5', 'hola');
  await page.addContact('ben5');
  await page.deliver();
  const [chat] = await page.chats();
  const { id, other } = chat as { id: string; other: string };
  const { number } = await page.verification(other);
  expect(ben.run<{ number: string }>('verify', 'ana5').number).toBe(number);
  await page.takeWord(other, 'confirm');
  expect((await page.chats())[0]).toMatchObject({ isVerified: true });
  ben.run('devices', 'reset', '--yes');
  ben.run('send', 'ana5', 'it is me');
  await page.deliver();
  await until('the alarm is there', async () => {
    await page.deliver();
    return (await page.alarms()).some(({ kind, nick }) => kind === 'other_than_verified' && nick === 'ben5');
  });
  expect((await page.chats())[0]).toMatchObject({ isHeldBack: true });
  await expect(page.say(id, 'who is there?')).rejects.toThrow('held_back');
  await page.takeWord(other, 'accept');
  await page.say(id, 'all right');
  await page.deliver();
  expect(ben.heard('ana5').at(-1)).toBe('all right');

  const stolen = await (await Browser.of(machine, 'ana5', false)).open();
  expect(await stolen.stand()).toBe('other_devices');
  const { code } = await stolen.invite();
  const letting = stolen.beLetIn();
  await page.lookFor(code);
  await page.letIn();
  await letting;
  // He is away while it is in, and follows all the same.
  const lost = (await page.devices()).find(({ isThis }) => !isThis)?.id as string;
  await page.revoke(lost);
  await expect(stolen.deliver()).rejects.toThrow(SessionEnded);
  await page.say(id, 'among us');
  await page.deliver();
  expect(ben.heard('ana5').at(-1)).toBe('among us');
});

test('a page that was away while a device was let in and shut out reads all that was said', async () => {
  const browser = await Browser.of(machine, 'ana7');
  let page = await browser.open();
  await page.stand();
  const ben = machine.terminal('ben7');
  ben.run('register', 'ben7');
  const id = await page.converse('ben7');
  await page.say(id, 'one');
  await page.deliver();
  expect(ben.heard('ana7')).toEqual(['one']);
  await page.deliver();
  page.close();
  const laptop = new Terminal(machine, 'ben7', 'ben7-laptop');
  laptop.run('login', 'ben7');
  const waiting = laptop.begin('link');
  const code = await until('a code is shown', () => CODE.exec(waiting.said())?.[0]);
  const old = ben.begin('link', code, '--yes');
  expect(await waiting.ended, waiting.said()).toBe(0);
  expect(await old.ended, old.said()).toBe(0);
  ben.run('send', 'ana7', 'two');
  expect(laptop.heard('ana7')).toEqual(['one', 'two']);
  const { devices } = ben.run<{ devices: { short: string; is_this: boolean }[] }>('devices');
  const lost = devices.find(({ is_this: isThis }) => !isThis)?.short as string;
  ben.run('devices', 'revoke', lost);
  ben.run('send', 'ana7', 'three');
  page = await browser.open();
  await page.deliver();
  expect(await texts(page, id)).toEqual(['one', 'two', 'three']);
  expect(await page.alarms()).toEqual([]);
  await page.say(id, 'four');
  await page.deliver();
  expect(ben.heard('ana7').at(-1)).toBe('four');
  page.close();
});

test('contacts are the same in browser and terminal', async () => {
  const page = await (await Browser.of(machine, 'ana6')).open();
  await page.stand();
  machine.terminal('ben6').run('register', 'ben6');
  await page.addContact('ben6', 'Benito');
  await page.exchangeContacts();
  const { code } = await page.backUp(false);
  const ana = machine.terminal('ana6');
  ana.run('login', 'ana6');
  process.env.TERTULIA_RECOVERY_CODE = code;
  ana.run('account', 'restore');
  delete process.env.TERTULIA_RECOVERY_CODE;
  expect(JSON.stringify(ana.run('contacts'))).toContain('Benito');
  ana.run('contacts', 'rename', 'ben6', 'Ben');
  await page.exchangeContacts();
  expect(await page.contacts()).toMatchObject([{ nick: 'ben6', name: 'Ben' }]);
});
