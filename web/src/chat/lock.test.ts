// What a browser keeps under a passphrase: set, changed, removed, forgotten, and broken off in between.
import { expect, test } from 'vitest';
import type { Ring } from './ring';
import { Browser } from './test/browser';
import { locks } from './test/locks';
import { until } from './test/machine';
import { Tabs } from './tabs';
import { Unreachable } from './ring';
import type { Vault } from './vault';

const NOBODY: Ring = {
  ask: () => Promise.reject(new Unreachable('no machine')),
  listen: async () => undefined,
};

const keep = (vault: Vault, text: string) =>
  vault.change((tx) => {
    tx.put('contact', '2', { name: text });
    tx.putSaid({ conversation: 'c', seq: 1, id: 'one', sender: '2', sentMs: 1, text, isRead: true });
  });
const read = (vault: Vault) => vault.change(async (tx) => [tx.get<{ name: string }>('contact', '2')?.name, (await tx.saidAt('c', 1))?.text]);

test('with a passphrase nothing is read without it, not even with the key of before; it is changed and removed', async () => {
  const browser = new Browser(NOBODY, '1');
  const reopened = async (passphrase?: string) => (await browser.open({ ...(passphrase && { passphrase }) })).desk.vault;
  let vault = await reopened();
  await keep(vault, 'a secret');
  const before = await browser.copy();
  expect(vault.isUnderPassphrase).toBe(false);
  await vault.changeKey('correct horse');
  expect(vault.isUnderPassphrase).toBe(true);
  expect(await read(vault)).toEqual(['a secret', 'a secret']);
  vault.close();
  await expect(reopened()).rejects.toMatchObject({ code: 'locked' });
  await expect(reopened('correct hose')).rejects.toMatchObject({ code: 'wrong_passphrase' });
  vault = await reopened('correct horse');
  expect(await read(vault)).toEqual(['a secret', 'a secret']);
  await keep(vault, 'another');
  vault.close();
  // Whoever had taken the key of before puts it beside what is there now.
  const stolen = await browser.copy();
  const opening = [before, stolen].map(({ factory }) => new Promise<IDBDatabase>((resolve) => {
    const request = factory.open('tertulia-messages-1');
    request.onsuccess = () => resolve(request.result);
  }));
  const [from, to] = (await Promise.all(opening)) as [IDBDatabase, IDBDatabase];
  const asked = from.transaction(['key']).objectStore('key').get('rows');
  const key = await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)));
  const putting = to.transaction(['key'], 'readwrite');
  putting.objectStore('key').put(key, 'rows');
  await new Promise((resolve) => (putting.oncomplete = resolve));
  for (const database of [from, to]) database.close();
  await expect(stolen.open()).rejects.toThrow('changed from outside');

  vault = await reopened('correct horse');
  await vault.changeKey('another horse');
  vault.close();
  await expect(reopened('correct horse')).rejects.toMatchObject({ code: 'wrong_passphrase' });
  vault = await reopened('another horse');
  await vault.changeKey();
  vault.close();
  vault = await reopened();
  expect(await read(vault)).toEqual(['another', 'another']);
  vault.close();
});

test('a change of the passphrase that was broken off has not happened', async () => {
  const browser = new Browser(NOBODY, '1');
  let isDying = false;
  const page = await browser.open({
    moment: (name) => {
      if (isDying && name === 'before-commit') throw new Error('killed');
    },
  });
  await keep(page.desk.vault, 'a secret');
  isDying = true;
  await expect(page.changePassphrase('correct horse')).rejects.toThrow('killed');
  isDying = false;
  expect(await read(page.desk.vault)).toEqual(['a secret', 'a secret']);
  page.close();
  expect(await read((await browser.open()).desk.vault)).toEqual(['a secret', 'a secret']);
});

test('whichever tab is told the passphrase, all of them go on; who asked before is answered then', async () => {
  const browser = new Browser(NOBODY, '1');
  const page = await browser.open();
  await page.changePassphrase('correct horse');
  page.close();
  const shared = locks();
  const opened = () => new Tabs(new BroadcastChannel('locked'), shared, 'locked', (passphrase) => browser.open({ ...(passphrase && { passphrase }) }));
  const [one, two] = [opened(), opened()];
  for (const tab of [one, two]) await until('it is known to be locked', async () => (await tab.ask('state')).standing === 'locked');
  const contacts = [one.ask('contacts'), two.ask('contacts')];
  await expect(two.ask('unlock', 'correct hose')).rejects.toMatchObject({ code: 'wrong_passphrase' });
  expect((await one.ask('state')).standing).toBe('locked');
  await two.ask('unlock', 'correct horse');
  expect(await Promise.all(contacts)).toEqual([[], []]);
  expect(one.isLeader).toBe(true);
  // The one that did the work goes, and nobody has kept the passphrase.
  await one.end();
  await until('the other one asks for it', async () => (await two.ask('state')).standing === 'locked');
  await two.ask('unlock', 'correct horse');
  expect(await two.ask('contacts')).toEqual([]);
  await two.end();
});
