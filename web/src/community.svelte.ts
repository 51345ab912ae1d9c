// What the community has settled: who may register, its rules, and how it greets.
import { api, type Schemas } from './api';

let settled = $state.raw<Schemas['Community'] | null>(null);

export const community = {
  /** Null as long as it is not known. */
  get settled(): Schemas['Community'] | null {
    return settled;
  },
  async load(): Promise<void> {
    settled = await api.get('/api/tertulia/v1/community', { token: null });
  },
};
