/**
 * Whether what this browser keeps is the newest that its device has had: as `crates/client/src/message/steps.rs`. A profile that was put
 * back from a copy does not know which keys have been used since; so before anything newly sealed leaves, the device fills its box at
 * home over what it saw there last.
 *
 * **Invariant:** nothing newly sealed is handed in before the home has its step.
 */

import { raise } from './alarm';
import { Misuse, type Desk } from './desk';
import { sealAnew, sealed } from './queue';
import { get, post, Refused } from './ring';
import { changeConversation, own, type Conversation, type Package } from './rows';

/** How long a last resort serves. */
export const LAST_RESORT_MS = 7 * 24 * 3_600_000;

/** Tells the home of the step that is about to be made. Answers whether it may be. */
export async function tellStep(desk: Desk): Promise<boolean> {
  for (;;) {
    const mine = await desk.vault.change(own);
    if (mine?.step === undefined) return true;
    const { device, steps, step } = mine;
    try {
      const filling = { before: steps, is_lasting: true, body: step };
      const { version } = await desk.ring.ask<{ version: number }>(post(`/api/tertulia/v1/boxes/${device}`, filling));
      desk.moment('step-told');
      await desk.vault.change((tx) => {
        const now = own(tx);
        if (now?.steps !== steps || now.step !== step) return;
        const { step: _, ...told } = now;
        tx.put('own', 'own', { ...told, steps: version });
      });
      return true;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      await leaveGroups(desk);
      return false;
    }
  }
}

/** Writes nothing more in the groups that this device is in. */
export async function leaveGroups(desk: Desk): Promise<void> {
  const mine = await desk.vault.change(own);
  if (mine === undefined) throw new Misuse('no_device');
  const steps = await desk.ring
    .ask<{ version: number }>(get(`/api/tertulia/v1/boxes/${mine.device}`))
    .then((found) => found.version)
    .catch((error: unknown) => {
      if (error instanceof Refused && error.status === 404) return 0;
      throw error;
    });
  await desk.vault.change((tx) => {
    const { step: _, ...now } = own(tx) ?? mine;
    // A home that is behind was brought back from a backup.
    const kind = steps < now.steps ? 'older_ring' : 'older_disk';
    tx.put('own', 'own', { ...now, steps, renewedMs: 0 });
    for (const [key, row] of tx.all<Package>('package')) {
      if (row.isLastResort)
        tx.put('package', key, { ...row, madeMs: Math.min(row.madeMs, desk.now() - LAST_RESORT_MS - 1) });
      else if (!row.isStocked) tx.delete('package', key);
    }
    for (const [id, row] of tx.all<Conversation>('conversation')) {
      changeConversation(tx, id, { spent: Math.max(row.spent, row.generation) });
    }
    for (const one of sealed(tx)) sealAnew(tx, one);
    raise(tx, desk.now(), kind, desk.me);
  });
}
