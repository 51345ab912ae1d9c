/** What the person must hear of: things that honest machines and people do not do, or do rarely. */

import type { Alarm, AlarmKind } from './rows';
import type { Tx } from './vault';

/** Remembers it until the person has been told. */
export function raise(tx: Tx, nowMs: number, kind: AlarmKind, account?: string, conversation?: string): void {
  const alarm: Alarm = { kind, atMs: nowMs, ...(account && { account }), ...(conversation && { conversation }) };
  tx.put('alarm', `${kind}-${account ?? ''}-${conversation ?? ''}`, alarm);
}
