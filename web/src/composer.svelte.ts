// What is being written: a draft for each place, kept until it is sent, and whether the sheet for writing is open.
import type { Status } from './api';
import { keep, kept } from './kept';
import type { Letter } from './outbox.svelte';
import { session } from './session.svelte';

export interface Draft {
  text: string;
  warning: string;
  visibility: Letter['visibility'];
}

interface Sheet {
  replyTo: Status | null;
  draft: Draft | null;
}

let sheet = $state.raw<Sheet | null>(null);

export const composer = {
  get sheet(): Sheet | null {
    return sheet;
  },
  open(replyTo: Status | null = null, draft: Draft | null = null): void {
    if (session.isOpen) sheet = { replyTo, draft };
  },
  close(): void {
    sheet = null;
  },
};

session.onEnd(() => composer.close());

function place(replyTo: string | null): string {
  return `draft.${session.current?.id ?? ''}.${replyTo ?? 'new'}`;
}

/** The draft for a place, or what is written there at first. */
export function draftOf(replyTo: Status | null): Draft {
  const found = kept(place(replyTo?.id ?? null)) as Partial<Draft> | null;
  if (found && typeof found.text === 'string' && typeof found.warning === 'string') {
    return { text: found.text, warning: found.warning, visibility: known(found.visibility) };
  }
  return {
    text: replyTo ? greeting(replyTo) : '',
    warning: replyTo?.spoiler_text ?? '',
    visibility: replyTo ? known(replyTo.visibility) : 'public',
  };
}

/** A reply names whom it answers, and whom that one named, but not oneself. */
function greeting(status: Status): string {
  const named = [status.account.acct, ...status.mentions.map((mention) => mention.acct)];
  const others = [...new Set(named)].filter((nick) => nick !== session.current?.nick);
  return others.map((nick) => `@${nick} `).join('');
}

function known(visibility: unknown): Draft['visibility'] {
  return visibility === 'unlisted' || visibility === 'private' ? visibility : 'public';
}

export function keepDraft(replyTo: Status | null, draft: Draft | null): void {
  const isEmpty = draft === null || (draft.text.trim() === (replyTo ? greeting(replyTo).trim() : '') && draft.warning === (replyTo?.spoiler_text ?? ''));
  keep(place(replyTo?.id ?? null), isEmpty ? null : draft);
}
