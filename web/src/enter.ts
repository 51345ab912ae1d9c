// Coming in: register or log in, and learn who one is.
import { api } from './api';
import { forgetAll } from './kept';
import { outbox, withdraw } from './outbox.svelte';
import { session } from './session.svelte';

/** What this browser is called in the list of sessions. */
export function label(agent: string): string {
  const browser = /Edg|Firefox|Chrome|Safari/.exec(agent)?.[0]?.replace('Edg', 'Edge');
  const system = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(agent)?.[0];
  return ['Tertulia web', [browser, system].filter(Boolean).join(', ')].filter(Boolean).join(' · ');
}

async function opened(token: string): Promise<void> {
  const account = await api.get('/api/v1/accounts/verify_credentials', { token });
  session.begin({ token, id: account.id, nick: account.username, name: account.display_name });
}

export async function login(nick: string, password: string): Promise<void> {
  const body = { nick: plain(nick), password, label: label(navigator.userAgent) };
  await opened((await api.post('/api/tertulia/v1/login', { body, token: null })).access_token);
}

/** Whoever asks twice with the same key gets the same account. */
export async function register(nick: string, name: string, password: string, invite: string, key: string): Promise<void> {
  const body = { nick: plain(nick), name: name.trim() || null, password, label: label(navigator.userAgent), invite: codeOf(invite) };
  await opened((await api.post('/api/tertulia/v1/register', { body, key, token: null })).access_token);
}

/** Ends the session, here and at the ring. Nothing of the person's stays in the browser, but private messages: who removes those does so
 * beside (`chat/ui/Devices.svelte`), since they may be the only ones that there are. */
export async function logout(): Promise<void> {
  const { token, id } = session.current ?? {};
  for (const letter of outbox.letters) await withdraw(letter.key);
  forgetAll(`draft.${id}.`);
  session.end();
  if (token) await api.post('/api/tertulia/v1/logout', { token }).catch(() => {});
}

/** People have the code of an invitation, or the whole link to it. */
export function codeOf(invite: string): string | null {
  return invite.trim().split('/').at(-1) || null;
}

/** People write their nick with an @, and phones with a capital. */
function plain(nick: string): string {
  return nick.trim().replace(/^@/, '').toLowerCase();
}
