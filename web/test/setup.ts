// What the page finds in a browser, as far as its parts without a face need it.
import 'fake-indexeddb/auto';

class Kept implements Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  #values = new Map<string, string>();
  getItem = (name: string) => this.#values.get(name) ?? null;
  setItem = (name: string, value: string) => void this.#values.set(name, value);
  removeItem = (name: string) => void this.#values.delete(name);
}

const window = Object.assign(new EventTarget(), {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
});
Object.assign(globalThis, {
  window,
  localStorage: new Kept(),
  location: new URL('http://127.0.0.1:8787/home'),
});
