/**
 * Private messages as a page uses them: encrypted on this device, kept until each recipient's home has them, and opened where they arrive.
 * No machine of the ring can read one. The same account and the same conversations as in the terminal client, whose parts have the same
 * names (`crates/client/src/message`); docs/messages.md says what both keep to.
 *
 * Read in this order: `rows` and `vault` (what is kept, and how), `ring`, `own` (this device), `chains`, `people`, `groups` and `group`,
 * `queue`, `outgoing`, `incoming`, `expiry`, `steps`, `history`; then `devices`, `archive`, `link`, `recovery`, `contacts`, `verify`; last `tabs`
 * (one writer over all tabs of a browser) and `agent`.
 *
 * **Invariants**
 * - A message is on disk before anything is sent, and leaves the queue when it is taken; a repeat is the same bytes.
 * - What came is on disk before it is acknowledged.
 * - No secret of a device is sent, and none is on disk in the clear.
 *
 * Deliberately absent: bringing letters from client to client (a browser listens at no port), and telling that somebody is writing.
 */

import { accountOf, learnNicks } from './chains';
import { contacts, addContact, exchangeContacts, removeContact, type Known } from './contacts';
import { Misuse, type Desk } from './desk';
import * as devices from './devices';
import { rejoin } from './group';
import * as history from './history';
import { askExpired } from './expiry';
import { fetchLetters } from './incoming';
import * as link from './link';
import { push, say, untilDueMs } from './outgoing';
import { enrol, shutOut } from './own';
import { remember } from './people';
import * as recovery from './recovery';
import * as requests from './requests';
import type { Ring } from './ring';
import * as room from './room';
import { isOfRoom, own, person, type Alarm } from './rows';
import { Vault, type VaultOptions } from './vault';
import * as verify from './verify';

export interface Told extends Alarm {
  nick?: string;
}

export interface MessengerOptions extends VaultOptions {
  now?: () => number;
  /** What this device is called in the person's list. */
  label?: string;
}

/** How this browser stands: none of the devices yet (and whether others are there, or a backup), or one of them. */
export type Standing = 'device' | 'other_devices' | 'backup_waits';

export class Messenger {
  private guest: link.Guest | undefined;
  private invitation: link.Invitation | undefined;

  private constructor(
    readonly desk: Desk,
    private readonly label: string,
  ) {}

  static async open(me: string, ring: Ring, options: MessengerOptions = {}): Promise<Messenger> {
    const vault = await Vault.open(me, options);
    const moment = options.moment ?? (() => undefined);
    return new Messenger({ vault, ring, me, now: options.now ?? Date.now, moment }, options.label ?? 'browser');
  }

  close(): void {
    this.desk.vault.close();
  }

  /** Makes this browser a device if it can be one by itself. */
  async stand(): Promise<Standing> {
    try {
      await enrol(this.desk, this.label);
      return 'device';
    } catch (error) {
      if (error instanceof Misuse && (error.code === 'other_devices' || error.code === 'backup_waits'))
        return error.code;
      throw error;
    }
  }

  async isDevice(): Promise<boolean> {
    return (await this.desk.vault.change(own)) !== undefined;
  }

  /** Fetches what has come, and sends what waits. Answers how many texts are new, and how much still waits. */
  async deliver(): Promise<{ texts: number; waiting: number }> {
    await enrol(this.desk, this.label);
    const { texts } = await fetchLetters(this.desk);
    await rejoin(this.desk);
    const waiting = await push(this.desk);
    await askExpired(this.desk);
    await exchangeContacts(this.desk, false);
    await learnNicks(this.desk);
    return { texts, waiting };
  }

  untilDueMs(): Promise<number | undefined> {
    return untilDueMs(this.desk);
  }

  /** Keeps a text that is to be sent. Under the same name it is kept once. */
  async say(id: string, text: string, name?: string, replyTo?: string): Promise<string> {
    if (!isOfRoom(id)) {
      const held = await this.desk.vault.change((tx) => {
        const other = tx.get<{ other?: string }>('conversation', id)?.other;
        return other !== undefined && person(tx, other).verified === 2;
      });
      if (held) throw new Misuse('held_back');
    }
    return say(this.desk, id, { type: 'text', text, ...(replyTo !== undefined && { reply_to: replyTo }) }, name);
  }

  /** The conversation with somebody, begun if there was none. */
  async converse(nick: string): Promise<string> {
    const other = await accountOf(this.desk, nick);
    return this.desk.vault.change((tx) => remember(tx, this.desk.me, other));
  }

  chats(): Promise<history.Chat[]> {
    return history.chats(this.desk);
  }

  /** What strangers ask for. */
  requests(): Promise<history.Chat[]> {
    return history.chats(this.desk, true);
  }

  /** Looks whether the person knows by now who asks. */
  weighRequests(): Promise<void> {
    return requests.weighAll(this.desk);
  }

  accept(id: string): Promise<void> {
    return requests.accept(this.desk, id);
  }

  /** Refuses it and blocks who has asked. */
  refuse(id: string): Promise<void> {
    return requests.refuse(this.desk, id);
  }

  page(id: string, before: number | undefined, most: number): Promise<history.Message[]> {
    return history.page(this.desk, id, before, most);
  }

  read(id: string): Promise<void> {
    return history.read(this.desk, id);
  }

  members(id: string): Promise<history.Member[]> {
    return history.members(this.desk, id);
  }

  createRoom(random: string, name: string, nicks: string[]): Promise<string> {
    return room.create(this.desk, random, name, nicks);
  }

  changeRoom(id: string, nicks: string[], isIn: boolean): Promise<void> {
    return room.change(this.desk, id, nicks, isIn);
  }

  leaveRoom(id: string): Promise<void> {
    return room.leave(this.desk, id);
  }

  renameRoom(id: string, name: string): Promise<void> {
    return room.rename(this.desk, id, name);
  }

  async verification(account: string): Promise<verify.Verification> {
    return verify.verification(this.desk, account);
  }

  takeWord(account: string, word: 'confirm' | 'accept'): Promise<verify.Verification> {
    return verify.takeWord(this.desk, account, word);
  }

  devices(): Promise<devices.OwnDevice[]> {
    return devices.devices(this.desk);
  }

  revoke(device: string): Promise<number> {
    return devices.revoke(this.desk, device);
  }

  beginAnew(): Promise<void> {
    return devices.beginAnew(this.desk, this.label);
  }

  /** Says, as far as it can, that this browser is no device any more. */
  async retire(): Promise<void> {
    const mine = await this.desk.vault.change(own);
    if (mine !== undefined && mine.record === undefined) await shutOut(this.desk, mine.device);
  }

  /** Draws a code that lets this browser in, when it is typed on a device. */
  async invite(): Promise<{ code: string; short: string }> {
    this.invitation = await link.invite(this.desk, this.label);
    return { code: this.invitation.code, short: this.invitation.short };
  }

  async beLetIn(told?: (step: link.Step) => void, stop?: AbortSignal): Promise<number> {
    if (this.invitation === undefined) throw new Misuse('no_such_code');
    return link.beLetIn(this.desk, this.invitation, this.label, told, stop);
  }

  /** Who has drawn a code: nobody is let in by this. */
  async lookFor(code: string): Promise<{ computer: string; short: string }> {
    this.guest = await link.lookFor(this.desk, code, this.label);
    return { computer: this.guest.computer, short: this.guest.short };
  }

  async letIn(told?: (step: link.Step) => void): Promise<number> {
    if (this.guest === undefined) throw new Misuse('no_such_code');
    return link.letIn(this.desk, this.guest, told);
  }

  backUp(isNew: boolean, code?: string): Promise<recovery.BackedUp> {
    return recovery.backUp(this.desk, isNew, code);
  }

  restore(code: string, file?: Uint8Array, isOlderTaken = false): Promise<number> {
    return recovery.restore(this.desk, code, this.label, file, isOlderTaken);
  }

  contacts(): Promise<Known[]> {
    return contacts(this.desk);
  }

  async addContact(nick: string, name?: string): Promise<void> {
    await addContact(this.desk, nick, name);
  }

  async removeContact(account: string): Promise<void> {
    await removeContact(this.desk, account);
  }

  async exchangeContacts(): Promise<void> {
    await exchangeContacts(this.desk, true);
    await learnNicks(this.desk);
  }

  async isUnderPassphrase(): Promise<boolean> {
    return this.desk.vault.isUnderPassphrase;
  }

  /** What this browser keeps lies under a passphrase from now on, or under none. */
  changePassphrase(passphrase?: string): Promise<void> {
    return this.desk.vault.changeKey(passphrase);
  }

  /** What the person has not been told yet. */
  async alarms(): Promise<Told[]> {
    return this.desk.vault.change((tx) =>
      tx.all<Alarm>('alarm').map(([, alarm]) => {
        const nick = alarm.account === undefined ? undefined : person(tx, alarm.account).nick;
        return { ...alarm, ...(nick !== undefined && { nick }) };
      }),
    );
  }

  /** They have been told. */
  async dismissAlarms(): Promise<void> {
    await this.desk.vault.change((tx) => tx.all('alarm').forEach(([key]) => tx.delete('alarm', key)));
  }
}
