// The ring that this page belongs to, as it says of itself.
import { api, type Schemas } from './api';
import { keep, kept } from './kept';

function read(): string {
  const found = kept('ring');
  return typeof found === 'string' ? found : '';
}

let title = $state(read());
let whole = $state.raw<Schemas['Instance'] | null>(null);

export const instance = {
  /** Its name; empty as long as it is not known. */
  get title(): string {
    return title;
  },
  get whole(): Schemas['Instance'] | null {
    return whole;
  },
  async load(): Promise<void> {
    whole = await api.get('/api/v2/instance', { token: null });
    title = whole.title;
    keep('ring', title);
  },
};
