/**
 * What a device knows that another one of the person may know too, in the words of `crates/client/src/message/archive.rs`: people,
 * conversations and what was said. Never the state of a group: each device has its own.
 *
 * **Invariant:** taking it in twice adds nothing, and what is there already is not overwritten.
 */

import { base64, digits, ofBase64, ofDigits } from './bytes';
import { agree } from './people';
import {
  changeConversation,
  conversation,
  inOrder,
  newConversation,
  own,
  person,
  type Conversation,
  type Person,
} from './rows';
import { add, addBefore, State } from './said';
import type { Said, Tx } from './vault';

export interface Page {
  people: PersonEntry[];
  chats: ChatEntry[];
  said: SaidEntry[];
}

interface PersonEntry {
  account: string;
  nick: string | null;
  name: string | null;
  identity: string | null;
  is_verified: number;
}

interface ChatEntry {
  id: string;
  other: string | null;
  name: string | null;
  members: string[];
  is_left: boolean;
  /** Who asks for it; older programs do not say. */
  asked_by?: string | null;
}

interface SaidEntry {
  conversation: string;
  id: string;
  sender: string;
  sent_ms: number;
  text: string;
  reply_to: string | null;
  event: string | null;
  subject: string | null;
  is_read: boolean;
  progress: [account: string, state: number, why: string | null][];
}

/** Where what was said belongs: before all that is known (the newest comes first), or behind it (the oldest comes first). */
export type Order = 'before' | 'behind';

/** About what a message weighs in JSON beside its text. */
const ROW_BYTES = 300;

/** Everybody; or those alone with whom there is a conversation. */
export function people(tx: Tx, isOfMetAlone: boolean): PersonEntry[] {
  const rows = tx.all<Conversation>('conversation').map(([, row]) => row);
  const met = new Set(rows.flatMap((row) => [row.other, ...row.members]));
  return tx
    .all<Person>('person')
    .filter(([account]) => account !== own(tx)?.account && (!isOfMetAlone || met.has(account)))
    .map(([account, { nick, name, identity, verified }]) => {
      const bytes = identity === undefined ? undefined : ofDigits(identity, 32);
      return {
        account,
        nick: nick ?? null,
        name: name ?? null,
        identity: bytes ? base64(bytes) : null,
        is_verified: verified,
      };
    });
}

export function chats(tx: Tx): ChatEntry[] {
  const entry = ({ id, other, name, members, isLeft, askedBy }: Conversation): ChatEntry => ({
    id,
    other: other ?? null,
    name: name ?? null,
    members,
    is_left: isLeft,
    asked_by: askedBy ?? null,
  });
  return tx.all<Conversation>('conversation').map(([, row]) => entry(row));
}

/** All that was said in all conversations, in one order. */
export async function allSaid(tx: Tx): Promise<Said[]> {
  const all: Said[] = [];
  for (const [id] of tx.all<Conversation>('conversation')) {
    all.push(...(await tx.saidBefore(id, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER)));
  }
  return all.sort((one, other) => one.seq - other.seq);
}

export function entryOf(said: Said): SaidEntry {
  const progress = Object.entries(said.progress ?? {}).map(
    ([account, [state, why]]) => [account, state, why ?? null] as SaidEntry['progress'][0],
  );
  return {
    conversation: said.conversation,
    id: said.id,
    sender: said.sender,
    sent_ms: said.sentMs,
    text: said.text,
    reply_to: said.replyTo ?? null,
    event: said.event ?? null,
    subject: said.subject ?? null,
    is_read: said.isRead,
    progress,
  };
}

/** In pieces of so many bytes of text at most (and one message at least). */
export function inPieces(said: Said[], bytesMax: number): SaidEntry[][] {
  const pieces: SaidEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of said) {
    if (bytes >= bytesMax) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)?.push(entryOf(one));
    bytes += new TextEncoder().encode(one.text).length + ROW_BYTES;
  }
  return pieces;
}

/** Takes in what another device knew. Answers how many messages are new. */
export async function take(tx: Tx, page: Page, order: Order): Promise<number> {
  page.people.forEach((entry) => takePerson(tx, entry));
  page.chats.forEach((entry) => takeChat(tx, entry));
  for (const id of new Set(page.said.map((entry) => entry.conversation))) await tx.holdPlaces(id);
  let count = 0;
  for (const entry of page.said) count += Number(await takeSaid(tx, entry, order));
  return count;
}

/** An identity that was seen here stays, and what was said of it: what another device knows may be older. */
function takePerson(tx: Tx, { account, nick, name, identity, is_verified: verified }: PersonEntry): void {
  const here = person(tx, account);
  const theirs = identity === null ? undefined : digits(ofBase64(identity));
  const after = here.identity ?? theirs;
  let state = here.verified;
  if (after === theirs) {
    const both = [here.verified, verified === 1 || verified === 2 ? verified : 0] as const;
    state = both.includes(1) ? 1 : (Math.max(...both) as 0 | 1 | 2);
  }
  const known = { nick: here.nick ?? nick ?? undefined, name: here.name ?? name ?? undefined, identity: after };
  const some = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  tx.put<Person>('person', account, { ...here, ...some, verified: state });
}

/** Who is in a room is known here from its group, if that has let this device in already. */
function takeChat(tx: Tx, { id, other, name, members, is_left: isLeft, asked_by: askedBy }: ChatEntry): void {
  const here = conversation(tx, id);
  if (here === undefined) {
    const more = { ...(other !== null && { other }), ...(name !== null && { name }), ...(askedBy && { askedBy }) };
    tx.put('conversation', id, newConversation(id, { ...more, members: inOrder(members), isLeft }));
  } else if (here.name === undefined && name !== null) {
    tx.put('conversation', id, { ...here, name });
  }
  // What was agreed to on either device is agreed to.
  if (here !== undefined && !askedBy) agree(tx, id);
}

async function takeSaid(tx: Tx, entry: SaidEntry, order: Order): Promise<boolean> {
  const states = new Set<number>(Object.values(State));
  const progress = entry.progress
    .filter(([, state]) => states.has(state))
    .map(([account, state, why]) => [account, why === null ? [state] : [state, why]] as const);
  const said: Omit<Said, 'seq'> = {
    conversation: entry.conversation,
    id: entry.id,
    sender: entry.sender,
    sentMs: entry.sent_ms,
    text: entry.text,
    isRead: entry.is_read,
    ...(entry.reply_to !== null && { replyTo: entry.reply_to }),
    ...(entry.event !== null && { event: entry.event }),
    ...(entry.subject !== null && { subject: entry.subject }),
    ...(progress.length > 0 && { progress: Object.fromEntries(progress) as Said['progress'] & object }),
  };
  if (said.sender === own(tx)?.account && said.event === undefined)
    changeConversation(tx, said.conversation, { hasSpoken: true });
  return order === 'before' ? addBefore(tx, said) : add(tx, said);
}
