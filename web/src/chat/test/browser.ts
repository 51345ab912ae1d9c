/** A browser as far as messages need one: a database of its own, and whoever uses it. */

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { Messenger, type MessengerOptions } from '../messenger';
import { Machines, type Ring } from '../ring';
import type { Machine } from './machine';

globalThis.IDBKeyRange = IDBKeyRange;

export class Browser {
  readonly factory = new IDBFactory();

  constructor(
    readonly ring: Ring,
    readonly account: string,
  ) {}

  static async of(machine: Machine, nick: string, isNew = true): Promise<Browser> {
    const { token, account } = await (isNew ? machine.register(nick) : machine.login(nick));
    return new Browser(
      new Machines({ machine: () => machine.url, failed: () => undefined, token: () => token }),
      account,
    );
  }

  /** A browser with a copy of this one's profile. */
  async copy(): Promise<Browser> {
    const copy = new Browser(this.ring, this.account);
    const name = `tertulia-messages-${this.account}`;
    const [from, to] = [
      await opened(this.factory.open(name)),
      await opened(upgraded(copy.factory.open(name, 1), this.stores)),
    ];
    for (const store of this.stores) {
      const [keys, values] = [
        from.transaction([store]).objectStore(store).getAllKeys(),
        from.transaction([store]).objectStore(store).getAll(),
      ];
      const [known, rows] = [await opened(keys), await opened(values)];
      const transaction = to.transaction([store], 'readwrite');
      known.forEach((key, at) => transaction.objectStore(store).put(rows[at], key));
      await new Promise((resolve) => (transaction.oncomplete = resolve));
    }
    from.close();
    to.close();
    return copy;
  }

  private readonly stores = ['row', 'said', 'place', 'meta', 'key'];

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

function opened<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function upgraded(request: IDBOpenDBRequest, stores: string[]): IDBOpenDBRequest {
  request.onupgradeneeded = () => stores.forEach((store) => request.result.createObjectStore(store));
  return request;
}
