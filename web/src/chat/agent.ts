/**
 * Delivering for as long as a page is open: what comes is fetched when the ring says so, and what waits is tried again when it is due. As
 * `crates/client/src/message/agent.rs`.
 *
 * **Invariant:** it may be given up at any moment: whatever it does is a transaction on disk before it counts.
 */

import { Misuse } from './desk';
import type { Messenger, Standing } from './messenger';
import { SessionEnded, Unreachable } from './ring';
import { Overtaken } from './vault';

/** With a stream, so often is looked nevertheless; without one, so often; and between two looks at least. */
const LOOK_MS = 120_000;
const LOOK_WITHOUT_STREAM_MS = 15_000;
const PAUSE_MS = 50;
/** After how long it is tried to open the stream again. */
const STREAM_PAUSE_MS = 3_000;

/** How things stand, for the person to see. */
export interface State {
  standing: Standing | 'unknown' | 'locked' | 'shut_out' | 'logged_out' | 'failed';
  isConnected: boolean;
  /** Letters and texts that still wait to be taken. */
  waiting: number;
  /** What failed, where something did that no waiting mends. */
  why?: string;
}

export class Agent {
  state: State = { standing: 'unknown', isConnected: false, waiting: 0 };
  private readonly stop = new AbortController();
  private isNudged = false;
  private wake: (() => void) | undefined;
  private hasStream = false;
  private ended: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly messenger: Messenger,
    private readonly told: (state: State, texts: number) => void,
  ) {}

  begin(): void {
    this.ended = Promise.all([this.work(), this.listen()]);
  }

  /** There is something to do. */
  nudge(): void {
    this.isNudged = true;
    this.wake?.();
  }

  async end(): Promise<void> {
    this.stop.abort();
    this.wake?.();
    await this.ended;
  }

  private async work(): Promise<void> {
    while (!this.stop.signal.aborted) {
      this.isNudged = false;
      const texts = await this.look();
      this.told(this.state, texts);
      if (this.state.standing === 'logged_out') return;
      await this.rest(PAUSE_MS, () => false);
      const due = (await this.messenger.untilDueMs().catch(() => undefined)) ?? LOOK_MS;
      const most =
        !this.state.isConnected || !this.hasStream || this.state.waiting > 0 ? LOOK_WITHOUT_STREAM_MS : LOOK_MS;
      await this.rest(this.state.isConnected ? Math.min(due, most) : LOOK_WITHOUT_STREAM_MS, () => this.isNudged);
    }
  }

  /** One look: fetches and sends. Answers how many texts are new. */
  private async look(): Promise<number> {
    try {
      const standing = await this.messenger.stand();
      this.state = { ...without(this.state), standing, isConnected: true };
      if (standing !== 'device') return 0;
      const { texts, waiting } = await this.messenger.deliver();
      this.state = { standing, isConnected: true, waiting };
      return texts;
    } catch (error) {
      if (error instanceof Overtaken) {
        this.isNudged = true;
      } else if (error instanceof Unreachable) {
        this.state = { ...without(this.state), isConnected: false };
      } else if (error instanceof SessionEnded) {
        this.state = { ...without(this.state), standing: 'logged_out' };
      } else if (error instanceof Misuse && error.code === 'shut_out') {
        this.state = { ...without(this.state), standing: 'shut_out' };
      } else {
        this.state = {
          ...this.state,
          standing: this.state.standing === 'unknown' ? 'failed' : this.state.standing,
          why: String(error),
        };
      }
      return 0;
    }
  }

  private async listen(): Promise<void> {
    while (!this.stop.signal.aborted) {
      await this.messenger.desk.ring.listen(() => {
        this.hasStream = true;
        this.nudge();
      }, this.stop.signal);
      this.hasStream = false;
      await sleep(STREAM_PAUSE_MS, this.stop.signal);
    }
  }

  private async rest(ms: number, isOver: () => boolean): Promise<void> {
    if (isOver() || this.stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const clock = setTimeout(resolve, ms);
      this.wake = () => {
        if (!isOver() && !this.stop.signal.aborted) return;
        clearTimeout(clock);
        resolve();
      };
    });
    this.wake = undefined;
  }
}

function without({ standing, isConnected, waiting }: State): State {
  return { standing, isConnected, waiting };
}

function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const clock = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(clock);
      resolve();
    });
  });
}
