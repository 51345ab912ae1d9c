// What the browser keeps of a person: the pages last seen, and the dweets that wait to be sent. In IndexedDB.
//
// Invariant: whoever asks gets an answer: where the browser gives no database, what is kept lasts as long as the page.

type Table = 'pages' | 'outbox';
const TABLES: readonly Table[] = ['pages', 'outbox'];
const memory = new Map<string, unknown>();
let opening: Promise<IDBDatabase | null> | null = null;

function open(): Promise<IDBDatabase | null> {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open('tertulia', 1);
      request.onupgradeneeded = () => {
        for (const table of TABLES) request.result.createObjectStore(table);
      };
      request.onsuccess = () => {
        // Another tab with a newer page wants to change it.
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

async function run<T>(table: Table, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  const db = await open();
  if (!db) return undefined;
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(table, mode);
    const request = act(transaction.objectStore(table));
    // Kept when the transaction says so, not when the request does.
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser kept nothing'));
  });
}

export async function put(table: Table, key: string, value: unknown): Promise<void> {
  memory.set(`${table} ${key}`, value);
  await run(table, 'readwrite', (store) => store.put(value, key)).catch(() => {});
}

export async function get(table: Table, key: string): Promise<unknown> {
  const found = await run(table, 'readonly', (store) => store.get(key) as IDBRequest<unknown>).catch(() => undefined);
  return found ?? memory.get(`${table} ${key}`);
}

export async function remove(table: Table, key: string): Promise<void> {
  memory.delete(`${table} ${key}`);
  await run(table, 'readwrite', (store) => store.delete(key)).catch(() => {});
}

/** All values of a table, by key. */
export async function all(table: Table): Promise<unknown[]> {
  const found = await run(table, 'readonly', (store) => store.getAll() as IDBRequest<unknown[]>).catch(() => undefined);
  if (found) return found;
  return [...memory].filter(([key]) => key.startsWith(`${table} `)).map(([, value]) => value);
}

export async function clear(table: Table): Promise<void> {
  for (const key of [...memory.keys()]) if (key.startsWith(`${table} `)) memory.delete(key);
  await run(table, 'readwrite', (store) => store.clear() as IDBRequest<undefined>).catch(() => {});
}
