// What one may do here beyond writing: one's role, and for those who moderate, how many reports wait.
//
// Invariant: by this the page only shows less: the ring decides for each request who may do what.
import { api } from './api';
import { session } from './session.svelte';

export type Role = 'member' | 'moderator' | 'admin';
export const ROLES: readonly Role[] = ['member', 'moderator', 'admin'];

const REPORTS_COUNTED = 80;
const LOOK_MS = 60_000;

let role = $state<Role>('member');
let isKnown = $state(false);
let waiting = $state(0);

/** Whether somebody of this role may decide about somebody of that one. */
export function outranks(own: string, other: string): boolean {
  const rank = (name: string) => ROLES.indexOf(name as Role);
  return rank(own) > 0 && rank(own) > rank(other);
}

export const standing = {
  get role(): Role {
    return role;
  },
  /** Whether the ring has said which role it is. */
  get isKnown(): boolean {
    return isKnown;
  },
  get mayModerate(): boolean {
    return role !== 'member';
  },
  get isAdmin(): boolean {
    return role === 'admin';
  },
  /** How many reports wait. */
  get waiting(): number {
    return waiting;
  },
  async load(): Promise<void> {
    if (!session.isOpen) return;
    const isSame = session.same();
    const own = await api.get('/api/v1/accounts/verify_credentials').catch(() => null);
    if (!own || !isSame()) return;
    role = ROLES.find((name) => name === own.role.name) ?? 'member';
    isKnown = true;
    await this.count();
  },
  async count(): Promise<void> {
    if (!this.mayModerate) return;
    const isSame = session.same();
    const found = await api.get('/api/tertulia/v1/moderation/reports', { query: { limit: REPORTS_COUNTED } }).catch(() => null);
    if (found && isSame()) waiting = found.length;
  },
};

setInterval(() => {
  if (!document.hidden && session.isOpen) void standing.count();
}, LOOK_MS);

session.onEnd(() => {
  role = 'member';
  isKnown = false;
  waiting = 0;
});
