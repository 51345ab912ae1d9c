// What nobody came for: a home is asked of what is older than letters get, and its answer is kept and shown.
import { expect, test } from 'vitest';
import type { Desk } from './desk';
import { askExpired } from './expiry';
import { messageOf } from './history';
import { remember } from './people';
import { Refused, type Ask, type Ring } from './ring';
import { add, advance, awaitLetter, awaited, State } from './said';
import { Browser } from './test/browser';
import { Vault, type Said } from './vault';

const DAY_MS = 24 * 3_600_000;
const SENT_MS = 60 * DAY_MS;

/** A ring whose homes have let these letters go. */
class Homes implements Ring {
  asked: string[] = [];
  constructor(private readonly expired: Record<string, string[]>) {}

  async ask<T>({ path }: Ask): Promise<T> {
    this.asked.push(path);
    const found = this.expired[path.split('/').at(-2) ?? ''];
    if (found === undefined) throw new Refused(404, 'not_found', 'not found');
    return found as T;
  }

  async listen(): Promise<void> {}
}

test('what a home has let go is shown to who sent it, and nobody is asked too early, too often or too late', async () => {
  const ring = new Homes({ '2': ['letter one', 'not mine'] });
  const vault = await Vault.open('1', { factory: new Browser(ring, '1').factory });
  let now = SENT_MS;
  const desk: Desk = { vault, ring, me: '1', now: () => now, moment: () => undefined };
  await vault.change(async (tx) => {
    tx.put('own', 'own', { account: '1' });
    for (const account of ['2', '3']) {
      const conversation = await remember(tx, '1', account);
      for (const message of ['one', 'two']) {
        const said: Omit<Said, 'seq'> = { conversation, id: message, sender: '1', sentMs: SENT_MS, text: message, isRead: true, progress: { [account]: [State.AtHome] } };
        await add(tx, said);
        awaitLetter(tx, { conversation, message, account, letter: `letter ${message}`, sentMs: SENT_MS });
      }
    }
  });
  const steps = () =>
    vault.change(async (tx) => {
      const said = await tx.saidBefore(await remember(tx, '1', '2'), Number.POSITIVE_INFINITY, 9);
      return said.reverse().map((one) => messageOf(desk, tx, one).progress);
    });

  now = SENT_MS + 30 * DAY_MS - 1;
  await askExpired(desk);
  expect(ring.asked).toEqual([]);
  now += 1;
  await askExpired(desk);
  // Who has closed their account since is no reason to stop.
  expect(ring.asked).toEqual(['2', '3'].map((account) => `/api/tertulia/v1/accounts/${account}/expired`));
  expect(await steps()).toEqual(['expired', 'at_home']);
  now += DAY_MS;
  await askExpired(desk);
  expect(ring.asked).toHaveLength(2);
  now += 1;
  await askExpired(desk);
  expect(ring.asked).toHaveLength(4);
  // It came by another way after all.
  await vault.change(async (tx) => advance(tx, await remember(tx, '1', '2'), 'one', '2', State.Delivered));
  await vault.change(async (tx) => advance(tx, await remember(tx, '1', '2'), 'two', '2', State.Read));
  expect(await steps()).toEqual(['delivered', 'read']);
  expect((await vault.change(awaited)).map(([, { account }]) => account)).toEqual(['3', '3']);
  now = SENT_MS + 61 * DAY_MS;
  await askExpired(desk);
  expect(ring.asked).toHaveLength(4);
  expect(await vault.change(awaited)).toEqual([]);
  vault.close();
});
