/** Rooms, as people use them: made, named, with people let in and put out. */

import { accountOf } from './chains';
import { Misuse, type Desk } from './desk';
import { say } from './outgoing';
import { encode, payloadOf } from './payload';
import * as people from './people';
import { ofRoom } from './people';

/** People of one conversation at most. */
const PEOPLE_MAX = 256;

/** Makes a room of a name drawn at random, and lets people in. */
export async function create(desk: Desk, random: string, typed: string, nicks: string[]): Promise<string> {
  const name = fit(desk, typed);
  const others = await accountsOf(desk, nicks);
  const id = ofRoom(random);
  await desk.vault.change(async (tx) => {
    if (people.isIn(tx, id)) return;
    people.rememberRoom(tx, id, name, [desk.me]);
    await people.note(tx, desk.now(), id, 'began', desk.me, undefined, name);
    others.forEach((account) => people.wish(tx, id, account, true, 0));
    // So that the group is made even if nobody else is there yet.
    people.wish(tx, id, desk.me, true, 0);
  });
  return id;
}

/** Lets people into a room, or puts them out: what is said from then on they cannot read. */
export async function change(desk: Desk, id: string, nicks: string[], isIn: boolean): Promise<void> {
  const others = await accountsOf(desk, nicks);
  await desk.vault.change((tx) => {
    if (!people.isIn(tx, id)) throw new Misuse('not_in_room');
    const wanted = people.wanted(tx, desk.me, id);
    const at = others.findIndex((account) => wanted.includes(account) === isIn);
    if (at >= 0) throw new Misuse(isIn ? 'in_room' : 'not_in_room', nicks[at]);
    if (isIn && wanted.length + others.length > PEOPLE_MAX) throw new Misuse('room_full');
    others.forEach((account) => people.wish(tx, id, account, isIn, 0));
  });
}

/** Leaves a room: the others are told, and put this person's devices out. */
export async function leave(desk: Desk, id: string): Promise<void> {
  await say(desk, id, { type: 'left' }, undefined, (tx) =>
    people.part(tx, desk.now(), desk.me, id, 'left', desk.me, desk.me),
  );
}

/** Gives a room another name. */
export async function rename(desk: Desk, id: string, typed: string): Promise<void> {
  const name = fit(desk, typed);
  await say(desk, id, { type: 'room_name', name }, undefined, (tx) => people.rename(tx, desk.now(), id, desk.me, name));
}

async function accountsOf(desk: Desk, nicks: string[]): Promise<string[]> {
  const accounts: string[] = [];
  for (const nick of nicks) {
    const account = await accountOf(desk, nick);
    if (account === desk.me) throw new Misuse('to_oneself');
    accounts.push(account);
  }
  return accounts;
}

function fit(desk: Desk, typed: string): string {
  const name = typed.trim().replace(/^\++/, '');
  encode(payloadOf({ type: 'room_name', name }, desk.now()));
  return name;
}
