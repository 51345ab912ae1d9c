import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Status } from '../src/api/client';
import { session } from '../src/session.svelte';
import { clear, get } from '../src/store';
import { Feed, type Part } from '../src/timeline/feed.svelte';

const status = (id: number) => ({ id: String(id), reblog: null }) as Status;
const from = (newest: number, n: number) => Array.from({ length: n }, (_, i) => status(newest - i));

/** A timeline with these, newest first, in parts of five. */
function timeline(all: Status[]) {
  const asked: (string | null)[] = [];
  const source = async (before: string | null): Promise<Part> => {
    asked.push(before);
    const rest = before === null ? all : all.filter((one) => Number(one.id) < Number(before));
    const items = rest.slice(0, 5);
    return { items, next: items.at(-1)?.id ?? null };
  };
  return { source, asked, put: (...newer: Status[]) => all.unshift(...newer) };
}

describe('a list of dweets', () => {
  beforeEach(() => clear('pages'));

  it('goes on to its end, with each once', async () => {
    const { source } = timeline(from(112, 12));
    const feed = new Feed('test', source);
    await feed.load();
    while (feed.hasMore) await feed.more();
    expect(feed.ids).toEqual(from(112, 12).map(({ id }) => id));
  });

  it('is asked for once, however many want it at the same time', async () => {
    const { source, asked } = timeline(from(105, 5));
    const feed = new Feed('test', source);
    await Promise.all([feed.load(), feed.load()]);
    expect(asked).toEqual([null]);
  });

  it('does not move when something arrives, and shows it when asked', async () => {
    const feed = new Feed('test', timeline(from(105, 5)).source);
    await feed.load();
    feed.arrived(status(107));
    feed.arrived(status(106));
    feed.arrived(status(106));
    expect([feed.ids[0], feed.waiting]).toEqual(['105', ['106', '107']]);
    feed.show();
    expect([feed.ids.slice(0, 3), feed.waiting]).toEqual([['107', '106', '105'], []]);
  });

  it('shows what one has written at once, even if the stream was faster', async () => {
    const feed = new Feed('test', timeline(from(105, 5)).source);
    await feed.load();
    feed.arrived(status(106));
    feed.arrived(status(106), true);
    expect([feed.ids.slice(0, 2), feed.waiting]).toEqual([['106', '105'], []]);
  });

  it('catches up with a few, and begins anew behind a gap', async () => {
    const { source, put } = timeline(from(105, 5));
    const feed = new Feed('test', source);
    await feed.load();
    put(...from(107, 2));
    await feed.catchUp();
    expect(feed.waiting).toEqual(['107', '106']);
    put(...from(120, 13));
    await feed.catchUp();
    expect(feed.ids[0], 'nothing moves').toBe('105');
    feed.show();
    expect(feed.ids).toEqual(from(120, 5).map(({ id }) => id));
    await feed.more();
    expect(feed.ids, 'and nothing is missing').toEqual(from(120, 10).map(({ id }) => id));
  });

  it('shows without a network what was seen last', async () => {
    const feed = new Feed('seen last', timeline(from(105, 5)).source);
    await feed.load();
    await vi.waitFor(async () => expect(await get('pages', ' seen last')).toBeDefined());
    const later = new Feed('seen last', () => Promise.reject(new Error('no network')));
    await later.load();
    expect([later.ids, later.state]).toEqual([from(105, 5).map(({ id }) => id), 'failed']);
  });

  it('is nobody else\'s: what is answered when they have gone is not shown, and not kept for whoever came', async () => {
    const person = (id: string) => ({ token: `of ${id}`, id, nick: 'ana', name: 'Ana' });
    session.begin(person('1'));
    const answers: ((part: Part) => void)[] = [];
    const feed = new Feed('test', () => new Promise((resolve) => answers.push(resolve)));
    const loading = feed.load();
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    session.begin(person('2'));
    answers[0]?.({ items: from(105, 5), next: null });
    await loading;
    expect(feed.ids).toEqual([]);
    for (const id of ['1', '2']) {
      session.begin(person(id));
      const later = new Feed('test', () => Promise.reject(new Error('no network')));
      await later.load();
      expect(later.ids).toEqual([]);
    }
    session.end();
  });
});
