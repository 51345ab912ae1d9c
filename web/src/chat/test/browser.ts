/** A browser as far as messages need one: a database of its own, and whoever uses it. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { Messenger, type MessengerOptions } from "../messenger";
import { Machines, type Ring } from "../ring";
import type { Machine } from "./machine";

globalThis.IDBKeyRange = IDBKeyRange;

export class Browser {
  readonly factory = new IDBFactory();

  constructor(
    readonly ring: Ring,
    readonly account: string,
  ) {}

  static async of(machine: Machine, nick: string, isNew = true): Promise<Browser> {
    const { token, account } = await (isNew ? machine.register(nick) : machine.login(nick));
    return new Browser(new Machines(() => [machine.url], () => token), account);
  }

  /** Its page, opened. */
  open(options: MessengerOptions = {}): Promise<Messenger> {
    return Messenger.open(this.account, this.ring, { factory: this.factory, ...options });
  }
}

/** What was said in a conversation, as the person sees it. */
export async function texts(messenger: Messenger, id: string): Promise<string[]> {
  const page = await messenger.page(id, undefined, 1_000);
  return page.filter(({ event }) => event === undefined).map(({ text }) => text);
}
