import { beforeEach, describe, expect, it, vi } from 'vitest';
import { all, clear, put } from '../src/store';

const answers: (() => Response)[] = [];
const asked: { key: string | null; body: { status: string } }[] = [];
vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
  asked.push({ key: new Headers(init.headers).get('idempotency-key'), body: JSON.parse(String(init.body)) as { status: string } });
  const answer = answers.shift();
  if (!answer) throw new TypeError('no network');
  return answer();
});

const { session } = await import('../src/session.svelte');
const { openOutbox, outbox, post, send } = await import('../src/outbox.svelte');
const taken = () => Response.json({ id: '1', reblog: null });
const written = (text: string) => ({ text, warning: '', visibility: 'public' as const, replyTo: null });

describe('a dweet that was written', () => {
  beforeEach(async () => {
    session.begin({ token: 'secret', id: '7', nick: 'ana', name: 'Ana' });
    for (const letter of outbox.letters) await (await import('../src/outbox.svelte')).withdraw(letter.key);
    await clear('outbox');
    answers.length = asked.length = 0;
  });

  it('is forgotten when the ring has it', async () => {
    answers.push(taken);
    await post(written('hola'));
    await expect.poll(() => outbox.letters.length).toBe(0);
    expect(await all('outbox')).toEqual([]);
    expect(asked[0]?.body.status).toBe('hola');
  });

  it('waits for the network, survives a reload, and is sent under the same key', { timeout: 15_000 }, async () => {
    await post(written('hola'));
    await expect.poll(() => outbox.isSending, { timeout: 10_000 }).toBe(false);
    expect(await all('outbox')).toMatchObject([{ text: 'hola', wasTried: true, refusal: null }]);
    answers.push(taken);
    await openOutbox();
    await send();
    await expect.poll(() => outbox.letters.length).toBe(0);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  });

  it('stays with the reason when the ring refuses it, and holds nothing up', async () => {
    answers.push(() => Response.json({ error: 'too long', code: 'text_too_long' }, { status: 422 }), taken);
    await post(written('x'.repeat(300)));
    await post(written('hola'));
    await expect.poll(() => outbox.letters.length).toBe(1);
    expect(outbox.letters[0]?.refusal?.code).toBe('text_too_long');
  });

  it('that was tried and is older than the ring remembers keys is not sent by itself', async () => {
    const old = { ...written('hola'), key: 'k', account: '7', writtenAt: Date.now() - 24 * 3_600_000, wasTried: true, refusal: null };
    await put('outbox', 'k', old);
    await openOutbox();
    await expect.poll(() => outbox.letters[0]?.refusal?.code).toBe('outbox_old');
    expect(asked).toEqual([]);
  });

  it('is of the person who wrote it, and of nobody who logs in later', async () => {
    await put('outbox', 'k', { ...written('hola'), key: 'k', account: '8', writtenAt: 1, wasTried: false, refusal: null });
    await openOutbox();
    expect([outbox.letters, asked]).toEqual([[], []]);
  });
});
