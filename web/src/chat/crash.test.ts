// A page that is closed, or a browser that dies, at each moment between two steps: nothing is lost, nothing comes twice, and no key is
// used a second time (the other side would not read what was sealed with it).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, texts } from './test/browser';
import { Machine, until } from './test/machine';
import { keyOfSeed } from './signing';
import { own } from './rows';
import { ofBase64, base64 } from './bytes';
import type { Messenger } from './messenger';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

/** All moments take minutes; else every so many of them, all over the run. */
const STRIDE = process.env.TERTULIA_EVERY_STEP === '1' ? 1 : 9;
const ROUNDS_MAX = 400;

class Killed extends Error {}

/** Somebody whose page dies at a moment, once, and is opened again. */
class Mortal {
  private moments = 0;
  private page: Messenger | undefined;

  constructor(
    private readonly browser: Browser,
    private readonly killedAt: number,
  ) {}

  get isKilled(): boolean {
    return this.moments >= this.killedAt;
  }

  async does<T>(what: (page: Messenger) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.page ??= await this.browser.open({ moment: () => this.pass() });
        return await what(this.page);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        this.page?.close();
        this.page = undefined;
      }
    }
  }

  private pass(): void {
    this.moments += 1;
    if (this.moments === this.killedAt) throw new Killed();
  }
}

test('m4 a page that dies at any moment loses nothing and repeats nothing', { timeout: 900_000 }, async () => {
  for (let round = 0, at = 1; ; round += 1, at += STRIDE) {
    expect(round).toBeLessThan(ROUNDS_MAX);
    const ana = new Mortal(await Browser.of(machine, `ana${at}`), at);
    const ben = await (await Browser.of(machine, `ben${at}`)).open();
    await ben.stand();
    const fromBen = await ben.converse(`ana${at}`);
    await ana.does((page) => page.stand());
    const id = await ana.does((page) => page.converse(`ben${at}`));
    await ana.does((page) => page.say(id, 'one', '01'.repeat(16)));
    await ana.does((page) => page.deliver());
    await ben.deliver();
    expect(await texts(ben, fromBen), `killed at ${at}`).toEqual(['one']);
    await ben.say(fromBen, 'two');
    await ben.deliver();
    await ana.does((page) => page.deliver());
    await ana.does((page) => page.read(id));
    await ana.does((page) => page.say(id, 'three', '03'.repeat(16)));
    await ana.does((page) => page.deliver());
    await ben.deliver();
    expect(await texts(ben, fromBen), `killed at ${at}`).toEqual(['one', 'two', 'three']);
    await ana.does(async (page) => expect(await texts(page, id), `killed at ${at}`).toEqual(['one', 'two', 'three']));
    expect((await ben.page(fromBen, undefined, 9))[1]?.progress, `killed at ${at}`).toBe('read');
    await ana.does(async (page) => expect(await page.alarms(), `killed at ${at}`).toEqual([]));
    expect(await ben.alarms(), `killed at ${at}`).toEqual([]);
    ben.close();
    if (!ana.isKilled) return;
  }
});

test('m7 a profile that was put back from a copy writes nothing with keys of before', async () => {
  const browser = await Browser.of(machine, 'old1');
  const ben = await (await Browser.of(machine, 'oldben1')).open();
  await ben.stand();
  const fromBen = await ben.converse('old1');
  let ana = await browser.open();
  await ana.stand();
  const id = await ana.converse('oldben1');
  await ana.say(id, 'one');
  await ana.deliver();
  // Nothing more comes to her that she would acknowledge behind the copy: her keys alone have gone on.
  for (const page of [ben, ana, ben, ana]) await page.deliver();
  await until('all has come', async () => {
    const before = (await ana.desk.vault.change(own))?.position;
    await ana.deliver();
    return before !== undefined && before > 0 && (await ana.desk.vault.change(own))?.position === before;
  });
  const restored = await browser.copy();
  await ana.say(id, 'two');
  await ana.deliver();
  ana.close();
  ana = await restored.open();
  await ana.say(id, 'three');
  await until('it is heard', async () => {
    await ana.deliver();
    await ben.deliver();
    return (await texts(ben, fromBen)).includes('three');
  });
  expect(await texts(ben, fromBen)).toEqual(['one', 'two', 'three']);
  expect((await ana.alarms()).map(({ kind }) => kind)).toEqual(['older_disk']);
  expect(await ben.alarms()).toEqual([]);
  await ben.say(fromBen, 'four');
  await ben.deliver();
  await ana.deliver();
  expect((await texts(ana, id)).at(-1)).toBe('four');
});

test('a row that was changed from outside is found out, and keys are not in the database in the clear', async () => {
  const browser = await Browser.of(machine, 'rows1');
  const page = await browser.open();
  await page.stand();
  const mine = await page.desk.vault.change(own);
  page.close();
  const opening = browser.factory.open(`tertulia-messages-${browser.account}`);
  const database = await new Promise<IDBDatabase>((resolve) => (opening.onsuccess = () => resolve(opening.result)));
  const asked = database.transaction(['row'], 'readonly').objectStore('row').getAll();
  const rows = await new Promise<{ iv: Uint8Array; bytes: ArrayBuffer }[]>(
    (resolve) => (asked.onsuccess = () => resolve(asked.result)),
  );
  const seed = ofBase64(mine?.seed as string);
  expect(base64((await keyOfSeed(seed)).public)).toBe(mine?.key);
  const all = rows.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('\n');
  expect(all).not.toContain(mine?.seed as string);
  expect(all).not.toContain(Buffer.from(seed).toString('latin1'));
  const transaction = database.transaction(['row'], 'readwrite');
  const [row] = rows as [{ iv: Uint8Array; bytes: ArrayBuffer }];
  transaction.objectStore('row').put(row, 'own/own');
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  database.close();
  await expect(browser.open()).rejects.toThrow('changed from outside');
});
