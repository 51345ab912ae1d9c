import { expect, it } from 'vitest';
import type { Status } from '../src/api/client';
import { lines } from '../src/thread';

it('each answer stands under what it answers', () => {
  const reply = (id: string, to: string) => ({ id, in_reply_to_id: to }) as Status;
  const found = lines('1', [reply('2', '1'), reply('3', '2'), reply('4', '3'), reply('5', '1'), reply('6', 'gone')]);
  expect(found.map(({ status, depth }) => [status.id, depth])).toEqual([
    ['2', 0],
    ['3', 1],
    ['4', 2],
    ['5', 0],
    ['6', 0],
  ]);
});
