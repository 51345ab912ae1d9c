// Rooms of browsers and terminals.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, texts } from './test/browser';
import { Machine, until } from './test/machine';
import type { Messenger } from './messenger';
import { randomName } from './bytes';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

/** Who is in it, without those who are yet to be put out. */
async function people(page: Messenger, id: string): Promise<(string | undefined)[]> {
  const members = (await page.members(id)).filter(({ wish }) => wish !== false);
  return members.map(({ nick, isOwn }) => (isOwn ? 'me' : nick)).sort();
}

test('a room of a browser and terminals: made, named, with people let in and put out', async () => {
  const page = await (await Browser.of(machine, 'ana1')).open();
  await page.stand();
  const [ben, eva] = [machine.terminal('ben1'), machine.terminal('eva1')];
  ben.run('register', 'ben1');
  eva.run('register', 'eva1');
  const id = await page.createRoom(randomName(), '+Garden', ['ben1']);
  await page.say(id, 'welcome');
  await page.deliver();
  expect(ben.heard('+garden')).toEqual(['welcome']);
  ben.run('send', '+garden', 'thanks');
  ben.run('room', 'add', '+garden', 'eva1');
  eva.run('chats');
  eva.run('send', '+garden', 'hello all');
  await page.deliver();
  expect(await texts(page, id)).toEqual(['welcome', 'thanks', 'hello all']);
  expect(await people(page, id)).toEqual(['ben1', 'eva1', 'me']);
  await page.renameRoom(id, 'Orchard');
  await page.deliver();
  await page.changeRoom(id, ['eva1'], false);
  await page.deliver();
  await page.say(id, 'without eva');
  await page.deliver();
  expect(ben.heard('+orchard').at(-1)).toBe('without eva');
  expect(JSON.stringify(eva.run('read', '+orchard'))).not.toContain('without eva');
  ben.run('room', 'leave', '+orchard');
  await page.deliver();
  expect(await people(page, id)).toEqual(['me']);
  const events = (await page.page(id, undefined, 100)).flatMap(({ event, subject }) =>
    event ? [[event, subject]] : [],
  );
  expect(events).toEqual([
    ['began', undefined],
    ['added', 'ben1'],
    ['added', 'eva1'],
    ['renamed', undefined],
    ['removed', 'eva1'],
    ['left', 'ben1'],
  ]);
});

test('m2 of two commits at once one wins, and both rooms go on', async () => {
  const [ana, ben] = [
    await (await Browser.of(machine, 'ana2')).open(),
    await (await Browser.of(machine, 'ben2')).open(),
  ];
  const terminals = ['eva2', 'leo2'].map((nick) => {
    const terminal = machine.terminal(nick);
    terminal.run('register', nick);
    return terminal;
  });
  await ana.stand();
  await ben.stand();
  const id = await ana.createRoom(randomName(), 'two', ['ben2']);
  await ana.deliver();
  await ben.deliver();
  await ana.changeRoom(id, ['eva2'], true);
  await ben.changeRoom(id, ['leo2'], true);
  await Promise.all([ana.deliver(), ben.deliver()]);
  for (const page of [ana, ben]) await page.deliver();
  await ana.say(id, 'all here?');
  await ana.deliver();
  await ben.deliver();
  for (const terminal of terminals) expect(terminal.heard('+two').at(-1)).toBe('all here?');
  expect((await texts(ben, id)).at(-1)).toBe('all here?');
});

test('the browser is put out, and let in again', async () => {
  const page = await (await Browser.of(machine, 'ana3')).open();
  await page.stand();
  const ben = machine.terminal('ben3');
  ben.run('register', 'ben3');
  ben.run('room', 'create', 'club', 'ana3');
  const { id } = await until('the room asks', async () => {
    await page.deliver();
    return (await page.requests())[0];
  });
  await page.accept(id);
  ben.run('room', 'remove', '+club', 'ana3');
  await until('the page is told', async () => {
    await page.deliver();
    return (await page.chats())[0]?.isLeft;
  });
  await expect(page.say(id, 'hey')).rejects.toThrow('not_in_room');
  ben.run('room', 'add', '+club', 'ana3');
  ben.run('send', '+club', 'again');
  await until('it is let in', async () => {
    await page.deliver();
    return (await texts(page, id)).length > 0;
  });
  expect(await texts(page, id)).toEqual(['again']);
  await page.say(id, 'here');
  await page.deliver();
  expect(ben.heard('+club').at(-1)).toBe('here');
  await page.leaveRoom(id);
  await page.deliver();
  await until('ben knows', () => !JSON.stringify(ben.run('room', 'people', '+club')).includes('ana3'));
});
