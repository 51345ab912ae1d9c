// What a moderator can decide, each with its words.
import { api, type Schemas } from './api';
import { t } from './i18n/later';
import type { Role } from './standing.svelte';
import type { Decision } from './ui/DecisionSheet.svelte';

type Named = Schemas['Named'];

export function suspend({ id, nick }: Named): Decision {
  return {
    title: t('moderation.suspend', { nick }),
    hint: t('moderation.suspendHint', { nick }),
    label: t('moderation.why'),
    isReasonNeeded: true,
    confirm: t('moderation.suspendNow'),
    isGrave: true,
    done: t('moderation.suspended', { nick }),
    act: (why, key) => api.post('/api/tertulia/v1/moderation/people/{id}/suspend', { at: { id }, body: { why }, key }),
  };
}

export function unsuspend({ id, nick }: Named): Decision {
  return {
    title: t('moderation.unsuspend', { nick }),
    hint: t('moderation.unsuspendHint', { nick }),
    label: t('moderation.why'),
    isReasonNeeded: true,
    confirm: t('moderation.unsuspendNow'),
    done: t('moderation.unsuspended', { nick }),
    act: (why, key) => api.post('/api/tertulia/v1/moderation/people/{id}/unsuspend', { at: { id }, body: { why }, key }),
  };
}

export function giveRole({ id, nick }: Named, role: Role): Decision {
  const values = { nick, role: t(`role.${role}`) };
  return {
    title: t('moderation.giveRole', values),
    hint: t(`role.may.${role}`),
    label: t('moderation.why'),
    confirm: t('moderation.giveRoleNow'),
    done: t('moderation.roleGiven', values),
    act: (why, key) => api.post('/api/tertulia/v1/moderation/people/{id}/role', { at: { id }, body: { role, why }, key }),
  };
}

export function deleteDweet(author: Named, dweet: string): Decision {
  return {
    title: t('moderation.delete', { nick: author.nick }),
    hint: t('moderation.deleteHint'),
    label: t('moderation.why'),
    confirm: t('moderation.deleteNow'),
    isGrave: true,
    done: t('moderation.deleted'),
    act: (why, key) => api.post('/api/tertulia/v1/moderation/dweets/{id}/delete', { at: { id: dweet }, body: { author: author.id, why }, key }),
  };
}

export function resolve(report: Schemas['Report']): Decision {
  return {
    title: t('moderation.resolve'),
    hint: t('moderation.resolveHint'),
    label: t('moderation.note'),
    confirm: t('moderation.resolveNow'),
    done: t('moderation.resolved'),
    act: (note, key) => api.post('/api/tertulia/v1/moderation/reports/{id}/resolve', { at: { id: report.id }, body: { note }, key }),
  };
}
