// A few people who talk, at a machine: for pictures and for measuring.

/** Asks a machine as somebody, or as nobody. */
export async function ask(machine, method, path, token, body) {
  const answer = await fetch(machine.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Somebody new, as a browser keeps them. */
export async function registered(machine, nick, name, note = '') {
  const { access_token: token } = await ask(machine, 'POST', '/api/tertulia/v1/register', null, { nick, name, password: 'correct horse' });
  const { id } = await ask(machine, 'PATCH', '/api/v1/accounts/update_credentials', token, { note });
  return { token, id, nick, name };
}

/** All of them follow each other. */
export async function befriend(machine, people) {
  for (const one of people) {
    for (const other of people) if (one !== other) await ask(machine, 'POST', `/api/v1/accounts/${other.id}/follow`, one.token);
  }
}

/** What somebody writes; its name, for those who answer. */
export async function write(machine, by, status, to) {
  return (await ask(machine, 'POST', '/api/v1/statuses', by.token, { status, in_reply_to_id: to ?? null })).id;
}

/** The browser is theirs from its next page on. */
export async function enter(context, person) {
  await context.addInitScript((session) => localStorage.setItem('tertulia.session', session), JSON.stringify(person));
}
