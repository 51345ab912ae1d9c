/** What is to be said: drafts, and what has been sealed and waits to be taken. */

import { asKey, counters, type Draft, type Payload, type Sealed } from './rows';
import { advance, State } from './said';
import type { Tx } from './vault';

/** Keeps what is to be said: to all of a conversation, or what concerns one of them. */
export function keepDraft(tx: Tx, conversation: string, payload: Payload, whom?: string): void {
  const counted = counters(tx);
  const seq = counted.draft + 1;
  tx.put('counters', 'all', { ...counted, draft: seq });
  const draft: Draft = { seq, conversation, payload, ...(whom !== undefined && { whom }) };
  tx.put('draft', asKey(seq), draft);
}

export function drafts(tx: Tx, conversation?: string): Draft[] {
  const all = tx.all<Draft>('draft').map(([, draft]) => draft);
  return conversation === undefined ? all : all.filter((draft) => draft.conversation === conversation);
}

export function sealed(tx: Tx): Sealed[] {
  return tx.all<Sealed>('sealed').map(([, one]) => one);
}

/** What was sealed for devices that the recipients do not have any more is sealed once more, in its old place. */
export function sealAnew(tx: Tx, { seq, conversation, payload, whom }: Sealed): void {
  tx.put<Draft>('draft', asKey(seq), { seq, conversation, payload, ...(whom !== undefined && { whom }) });
  tx.delete('sealed', asKey(seq));
}

/** Nobody will ever take what waits for a conversation. */
export async function giveUp(tx: Tx, conversation: string, why: string): Promise<void> {
  for (const { seq, payload } of drafts(tx, conversation)) {
    tx.delete('draft', asKey(seq));
    if (payload.content.type === 'text') await advance(tx, conversation, payload.id, undefined, State.Refused, why);
  }
}
