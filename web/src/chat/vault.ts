/**
 * Where this device keeps what a person's messages need: a database of the browser for each account, each row encrypted.
 *
 * A step is a function that reads and writes through a {@link Tx}. It may wait for keys and ciphers as it likes: what it writes is put
 * aside, and goes to disk in one transaction when it has ended. (A transaction of IndexedDB itself would end at the first such wait.) If
 * it throws, nothing of it has happened.
 *
 * **Invariants**
 * - A step is one transaction: the keys of a group, what was read or is to be sent, and how far the mailbox has been read.
 * - Nothing is written over what another writer has written: the version of the whole is compared and set in the same transaction.
 * - What steps see is what is on disk: rows are replaced, never changed in place.
 *
 * The rows of small tables are in memory too; what was said is read when it is asked for.
 *
 * The key of the rows cannot be taken out of the browser by a page, and lies beside them. So whoever copies the messages' files alone
 * reads nothing, and whoever has the whole profile of the browser, or runs programs in this origin, reads everything. Under a passphrase
 * (`lock.ts`) whoever has the profile reads nothing either, until the person has said it there.
 */

import { drawKey, isUnderPassphrase, openKey, type KeptKey } from './lock';
import { ofUtf8, utf8, type Bytes } from './bytes';

/** Rows of small tables, by `table/key`; what was said; where a message of a name stands; the version. */
const ROWS = ['row', 'said', 'place'] as const;
const STORES = [...ROWS, 'meta'] as const;
const LAYOUT = 1;
const IV_BYTES = 12;

/** Another writer was faster: what is in memory was read anew, and the step can be done once more. */
export class Overtaken extends Error {
  constructor() {
    super('another tab has written meanwhile');
  }
}

/** The storage of this browser does not do its work. */
export class VaultFault extends Error {}

/** Something that was said, or that has happened in a room. */
export interface Said {
  conversation: string;
  /** Its place in the order in which things came here. */
  seq: number;
  id: string;
  sender: string;
  sentMs: number;
  text: string;
  replyTo?: string;
  isRead: boolean;
  event?: string;
  subject?: string;
  /** How far it has come at each of those for whom it is, and why not further. */
  progress?: Record<string, [state: number, why?: string]>;
}

type Written = { store: 'row' | 'said' | 'place'; key: IDBValidKey; value: unknown };

export interface VaultOptions {
  factory?: IDBFactory;
  /** Called before and behind each transaction; what it throws ends the program there, as far as tests are concerned. */
  moment?: (name: string) => void;
  /** What the key lies under, if it does. */
  passphrase?: string;
}

export class Vault {
  private rows = new Map<string, unknown>();
  private version = 0;
  private last: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<(conversations: Set<string>) => void>();

  private constructor(
    private readonly database: IDBDatabase,
    private kept: KeptKey,
    private key: CryptoKey,
    private readonly options: VaultOptions,
  ) {}

  /** Opens the database of an account, and makes it when there is none. */
  static async open(account: string, options: VaultOptions = {}): Promise<Vault> {
    const database = await openDatabase(nameOf(account), options.factory ?? indexedDB);
    try {
      const kept = await keyOf(database);
      const vault = new Vault(database, kept, await openKey(kept, options.passphrase), options);
      await vault.load();
      return vault;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Whether there is a database of that account. */
  static async isThere(account: string, factory: IDBFactory = indexedDB): Promise<boolean> {
    return (await factory.databases()).some(({ name }) => name === nameOf(account));
  }

  /** Removes all that is kept of that account. */
  static async remove(account: string, factory: IDBFactory = indexedDB): Promise<void> {
    await answer(factory.deleteDatabase(nameOf(account)));
  }

  close(): void {
    this.database.close();
  }

  /** Tells after each transaction of which conversations something was written. */
  onChange(listener: (conversations: Set<string>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get isUnderPassphrase(): boolean {
    return isUnderPassphrase(this.kept);
  }

  /** Puts everything under another key, which lies under a passphrase or beside, in one transaction. */
  async changeKey(passphrase?: string): Promise<void> {
    const turn = this.last.then(async () => {
      const { key, kept } = await drawKey(passphrase);
      const transaction = this.database.transaction([...ROWS], 'readonly');
      const found = await Promise.all(
        ROWS.map(async (store) => {
          const [keys, values] = [transaction.objectStore(store).getAllKeys(), transaction.objectStore(store).getAll()];
          return { store, keys: await answer(keys), values: await answer(values) };
        }),
      );
      const sealed: Written[] = [];
      for (const { store, keys, values } of found) {
        for (const [at, name] of keys.entries()) {
          const value = await this.opened(name, values[at]);
          sealed.push({ store, key: name, value: await this.sealed({ store, key: name, value }, key) });
        }
      }
      await this.write(sealed, kept);
      [this.key, this.kept] = [key, kept];
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** One step, alone; what it writes is on disk when this answers. */
  async change<R>(step: (tx: Tx) => Promise<R> | R): Promise<R> {
    const turn = this.last.then(async () => {
      const tx = new Tx(
        this.rows,
        (store, range, most) => this.read(store, range, most),
        (range) => this.readPlaces(range),
      );
      const result = await step(tx);
      await this.commit(tx);
      return result;
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async commit(tx: Tx): Promise<void> {
    const written = tx.written();
    if (written.length === 0) return;
    await this.write(await Promise.all(written.map(async (one) => ({ ...one, value: await this.sealed(one) }))));
    for (const { store, key, value } of written) {
      if (store !== 'row') continue;
      if (value === undefined) this.rows.delete(key as string);
      else this.rows.set(key as string, value);
    }
    this.options.moment?.('committed');
    const conversations = tx.touched();
    for (const listener of this.listeners) listener(conversations);
  }

  /** One transaction, unless another writer was faster. */
  private async write(sealed: Written[], kept?: KeptKey): Promise<void> {
    this.options.moment?.('before-commit');
    const transaction = this.database.transaction([...STORES, 'key'], 'readwrite', { durability: 'strict' });
    const done = ended(transaction);
    const meta = transaction.objectStore('meta');
    const asked = meta.get('version');
    let isOvertaken = false;
    asked.onsuccess = () => {
      if ((asked.result ?? 0) !== this.version) {
        isOvertaken = true;
        transaction.abort();
        return;
      }
      for (const { store, key, value } of sealed) {
        if (value === undefined) transaction.objectStore(store).delete(key);
        else transaction.objectStore(store).put(value, key);
      }
      if (kept !== undefined) transaction.objectStore('key').put(kept, 'rows');
      meta.put(this.version + 1, 'version');
    };
    try {
      await done;
    } catch (error) {
      if (!isOvertaken) throw new VaultFault('what happened could not be kept', { cause: error });
      await this.load();
      throw new Overtaken();
    }
    this.version += 1;
  }

  private async load(): Promise<void> {
    const transaction = this.database.transaction([...STORES], 'readonly');
    const [keys, values, version] = await Promise.all([
      answer(transaction.objectStore('row').getAllKeys()),
      answer(transaction.objectStore('row').getAll()),
      answer(transaction.objectStore('meta').get('version')),
    ]);
    const rows = await Promise.all(
      keys.map(async (key, at) => [key as string, await this.opened(key, values[at])] as const),
    );
    this.rows = new Map(rows);
    this.version = (version as number | undefined) ?? 0;
  }

  /** Reads what is not in memory: one row, or those of a range, from the last one on. */
  private async read(
    name: 'said' | 'place',
    range: IDBKeyRange | IDBValidKey,
    most = Number.POSITIVE_INFINITY,
  ): Promise<unknown[]> {
    const store = this.database.transaction([name], 'readonly').objectStore(name);
    const found = await new Promise<[IDBValidKey, unknown][]>((resolve, reject) => {
      const rows: [IDBValidKey, unknown][] = [];
      const cursor = store.openCursor(range, 'prev');
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const at = cursor.result;
        if (at === null) return resolve(rows);
        rows.push([at.key, at.value]);
        if (rows.length >= most) return resolve(rows);
        at.continue();
      };
    });
    return Promise.all(found.map(([key, value]) => this.opened(key, value)));
  }

  private async readPlaces(range: IDBKeyRange): Promise<[string, number][]> {
    const store = this.database.transaction(['place'], 'readonly').objectStore('place');
    const [keys, values] = await Promise.all([answer(store.getAllKeys(range)), answer(store.getAll(range))]);
    return Promise.all(
      keys.map(async (key, at) => [key as string, (await this.opened(key, values[at])) as number] as [string, number]),
    );
  }

  private async sealed({ key, value }: Written, by = this.key): Promise<unknown> {
    if (value === undefined) return undefined;
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(JSON.stringify(key)) };
    return { iv, bytes: await crypto.subtle.encrypt(algorithm, by, utf8(JSON.stringify(value))) };
  }

  private async opened(key: IDBValidKey, value: unknown): Promise<unknown> {
    const { iv, bytes } = value as { iv: Bytes; bytes: ArrayBuffer };
    const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(JSON.stringify(key)) };
    const plain = await crypto.subtle.decrypt(algorithm, this.key, bytes).catch((cause: unknown) => {
      throw new VaultFault('what is kept here was changed from outside', { cause });
    });
    return JSON.parse(ofUtf8(new Uint8Array(plain)));
  }
}

/** What one step sees and writes. */
export class Tx {
  private readonly writes = new Map<string, Written>();
  private readonly held = new Map<string, Map<string, number>>();

  constructor(
    private readonly rows: ReadonlyMap<string, unknown>,
    private readonly lazily: (
      store: 'said' | 'place',
      range: IDBKeyRange | IDBValidKey,
      most?: number,
    ) => Promise<unknown[]>,
    private readonly places: (range: IDBKeyRange) => Promise<[string, number][]>,
  ) {}

  get<T>(table: string, key: string): Readonly<T> | undefined {
    const name = `${table}/${key}`;
    const written = this.writes.get(`row ${name}`);
    return (written ? written.value : this.rows.get(name)) as T | undefined;
  }

  put<T>(table: string, key: string, row: T): void {
    this.write('row', `${table}/${key}`, row);
  }

  delete(table: string, key: string): void {
    this.write('row', `${table}/${key}`, undefined);
  }

  /** All rows of a table whose keys begin so, in the order of their keys. */
  all<T>(table: string, beginning = ''): [key: string, row: Readonly<T>][] {
    const prefix = `${table}/`;
    const found = new Map<string, unknown>();
    for (const [name, row] of this.rows) if (name.startsWith(prefix + beginning)) found.set(name, row);
    for (const { store, key, value } of this.writes.values()) {
      if (store !== 'row' || !(key as string).startsWith(prefix + beginning)) continue;
      if (value === undefined) found.delete(key as string);
      else found.set(key as string, value);
    }
    return [...found]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, row]) => [name.slice(prefix.length), row as T]);
  }

  /** What was said at a place. */
  async saidAt(conversation: string, seq: number): Promise<Said | undefined> {
    const written = this.writes.get(`said ${conversation},${seq}`);
    if (written) return written.value as Said | undefined;
    return (await this.lazily('said', [conversation, seq]))[0] as Said | undefined;
  }

  /** The last things that were said in a conversation before a place, the newest first. */
  async saidBefore(conversation: string, seq: number, most: number): Promise<Said[]> {
    const range = IDBKeyRange.bound([conversation, Number.NEGATIVE_INFINITY], [conversation, seq], false, true);
    const mine = [...this.writes.values()].filter(({ store, key }) => store === 'said' && isIn(key, conversation, seq));
    const found = (await this.lazily('said', range, most + mine.length)) as Said[];
    const all = new Map(found.map((said) => [said.seq, said]));
    for (const { key, value } of mine) {
      if (value === undefined) all.delete((key as [string, number])[1]);
      else all.set((value as Said).seq, value as Said);
    }
    return [...all.values()].sort((one, other) => other.seq - one.seq).slice(0, most);
  }

  /** Reads at once where all messages of a conversation stand: for whoever is about to ask for many. */
  async holdPlaces(conversation: string): Promise<void> {
    if (this.held.has(conversation)) return;
    const prefix = `${conversation}/`;
    this.held.set(conversation, new Map(await this.places(IDBKeyRange.bound(prefix, `${prefix}\uffff`))));
  }

  /** Where the message with this name stands that somebody has sent; without a sender, whoever has. */
  async placeOf(conversation: string, id: string, sender?: string): Promise<number | undefined> {
    const prefix = `${conversation}/${id}/`;
    if (sender !== undefined) {
      const written = this.writes.get(`place ${prefix}${sender}`);
      if (written) return written.value as number | undefined;
      const held = this.held.get(conversation);
      if (held) return held.get(prefix + sender);
      return (await this.lazily('place', prefix + sender))[0] as number | undefined;
    }
    for (const { store, key, value } of this.writes.values()) {
      if (store === 'place' && (key as string).startsWith(prefix) && value !== undefined) return value as number;
    }
    return (await this.lazily('place', IDBKeyRange.bound(prefix, `${prefix}\uffff`)))[0] as number | undefined;
  }

  putSaid(said: Said): void {
    this.write('said', [said.conversation, said.seq], said);
    this.write('place', `${said.conversation}/${said.id}/${said.sender}`, said.seq);
  }

  deleteSaid(said: Said): void {
    this.write('said', [said.conversation, said.seq], undefined);
    this.write('place', `${said.conversation}/${said.id}/${said.sender}`, undefined);
  }

  written(): Written[] {
    return [...this.writes.values()];
  }

  /** The conversations of which something was written that a person sees. */
  touched(): Set<string> {
    const touched = new Set<string>();
    for (const { store, key } of this.writes.values()) {
      if (store === 'said') touched.add((key as [string, number])[0]);
      const [table, name] = store === 'row' ? (key as string).split('/') : [];
      if (table === 'conversation' && name !== undefined) touched.add(name);
    }
    return touched;
  }

  private write(store: Written['store'], key: IDBValidKey, value: unknown): void {
    this.writes.set(`${store} ${String(key)}`, { store, key, value });
  }
}

function isIn(key: IDBValidKey, conversation: string, before: number): boolean {
  const [of, seq] = key as [string, number];
  return of === conversation && seq < before;
}

function nameOf(account: string): string {
  return `tertulia-messages-${account}`;
}

async function openDatabase(name: string, factory: IDBFactory): Promise<IDBDatabase> {
  const opening = factory.open(name, LAYOUT);
  opening.onupgradeneeded = () => {
    for (const store of [...STORES, 'key']) opening.result.createObjectStore(store);
  };
  const database = await answer(opening);
  // Another tab removes it, or has a newer layout.
  database.onversionchange = () => database.close();
  return database;
}

/** The key of the rows: made with the database, and another one only with a passphrase. */
async function keyOf(database: IDBDatabase): Promise<KeptKey> {
  const read = () => answer(database.transaction(['key'], 'readonly').objectStore('key').get('rows'));
  const known = (await read()) as KeptKey | undefined;
  if (known !== undefined) return known;
  const { kept: made } = await drawKey();
  const transaction = database.transaction(['key'], 'readwrite', { durability: 'strict' });
  const adding = transaction.objectStore('key').add(made, 'rows');
  // Another tab was faster: its key stays.
  adding.onerror = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  await ended(transaction);
  return (await read()) as KeptKey;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('a transaction was given up'));
    transaction.onerror = () => reject(transaction.error);
  });
}
