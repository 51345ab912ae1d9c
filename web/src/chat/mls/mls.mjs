/**
 * Conversations as `crates/crypto` has them, for programs in JavaScript: MLS by ts-mls, with the options that both sides need.
 * What they are, and why, is in docs/messages.md. It runs in Node and in a browser alike, wherever there is `crypto.subtle`.
 *
 * A step changes nothing: it gives the next {@link Conversation} beside what came of it. Both belong into one transaction of the
 * caller's storage, and bytes leave only after it: bytes that left although their step was lost are followed by others under the same key.
 *
 * Deliberately absent: storage, sending, what is in a message (payload.mjs), and joining from outside without a welcome.
 */

import {
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeGroupState,
  decodeMlsMessage,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  makePskIndex,
  processPrivateMessage,
  zeroOutUint8Array,
} from 'ts-mls';
import { makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { enter, openWelcome } from './joining.mjs';

/**
 * @typedef {[account: string, device: string]} Name
 * @typedef {(account: string, device: string, mustLive: boolean) => boolean} Devices what is asked of everybody's chains: whether an account
 *   has ever named a device, or, if it must live, whether it is one of theirs now. Names are made of keys and were compared with them: so the
 *   name is enough
 * @typedef {{account: string, id: string, credential: import("ts-mls").Credential,
 *   keys: {signKey: Uint8Array, publicKey: Uint8Array}}} Device
 * @typedef {{public: import("ts-mls").KeyPackage, secret: import("ts-mls").PrivateKeyPackage}} KeptPackage
 * @typedef {{generation: number, number: number}} Epoch
 * @typedef {{conversation: Conversation, opened: "message", by: Name, epoch: Epoch, payload: Uint8Array}
 *   | {conversation: Conversation, opened: "changed", by: Name, added: Name[], removed: Name[], isOwnRemoval: boolean, epoch: Epoch}
 *   | {conversation: Conversation, opened: "too_early" | "too_late" | "own" | "repeat"}} Opened
 */

export const MESSAGE_BYTES_MAX = 64 << 10;
export const COMMIT_BYTES_MAX = 512 << 10;
export const KEY_PACKAGE_BYTES_MAX = 4 << 10;
/** What sealing adds to a payload at most. */
export const SEALED_MORE_BYTES_MAX = 512;

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A package begins before it is made, for clocks that are wrong by hours, and lives 84 days in all, which is what openmls allows. */
const EARLY_MS = DAY_MS;
const LIFE_MS = 83 * DAY_MS;
/** What a package has to live yet when it is used: a commit waits 30 days in a mailbox. */
const LEFT_MS_MIN = 31 * DAY_MS;

const SUITE = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
/** The extension that marks a package of last resort. ts-mls does not know it by name. */
const LAST_RESORT = 0x000a;

/**
 * What a device says it can do. The list of suites is explicit: ts-mls would name suites under numbers that mean others elsewhere. And
 * openmls refuses a package of last resort whose leaf does not say that it knows the extension.
 *
 * @type {import("ts-mls").Capabilities}
 */
const CAPABILITIES = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [LAST_RESORT],
  proposals: [],
  credentials: ['basic'],
};

const suite = await getCiphersuiteImpl(getCiphersuiteFromName(SUITE));

/** Something that is not done, and why. */
export class Refused extends Error {}

/**
 * How ts-mls is to behave: as many epochs back and messages missing as in `crates/crypto`, no padding (payloads come padded), and
 * nobody believed whom the chains do not name.
 *
 * @param {Devices} devices
 * @returns {import("ts-mls").ClientConfig}
 */
function behaviour(devices) {
  return {
    keyRetentionConfig: {
      retainKeysForGenerations: 10,
      retainKeysForEpochs: 4,
      maximumForwardRatchetSteps: 2_000,
    },
    // By the clock of whoever uses a package, and not of those who only follow.
    lifetimeConfig: { maximumTotalLifetime: BigInt((EARLY_MS + LIFE_MS) / 1_000), validateLifetimeOnReceive: false },
    paddingConfig: { kind: 'alwaysPad', paddingLength: 0 },
    keyPackageEqualityConfig: {
      compareKeyPackages: (one, other) => isSame(one.leafNode.signaturePublicKey, other.leafNode.signaturePublicKey),
      compareKeyPackageToLeafNode: (one, leaf) => isSame(one.leafNode.signaturePublicKey, leaf.signaturePublicKey),
    },
    authService: {
      validateCredential: async (credential, key) => (await known(credential, key, devices)) !== undefined,
    },
  };
}

/**
 * A new device of this account.
 *
 * @param {string} account
 * @returns {Promise<Device>}
 */
export async function newDevice(account) {
  const keys = await suite.signature.keygen();
  const id = await deviceOf(keys.publicKey);
  return { account, id, credential: credentialOf(`${account}/${id}`), keys };
}

/**
 * The device with this key; the seed is the secret half as RFC 8032 has it.
 *
 * @param {string} account
 * @param {Uint8Array} seed
 * @param {Uint8Array} publicKey
 * @returns {Promise<Device>}
 */
export async function deviceOfSeed(account, seed, publicKey) {
  const id = await deviceOf(publicKey);
  return { account, id, credential: credentialOf(`${account}/${id}`), keys: { signKey: seed, publicKey } };
}

/**
 * @param {string} text
 * @returns {import("ts-mls").Credential}
 */
export function credentialOf(text) {
  return { credentialType: 'basic', identity: new TextEncoder().encode(text) };
}

/**
 * A package for this device: the secret half is to be kept, the bytes are for the home.
 *
 * @param {Device} device
 * @param {number} nowMs
 * @param {boolean} isLastResort
 * @param {import("ts-mls").Lifetime} [lifetime]
 * @returns {Promise<{kept: KeptPackage, bytes: Uint8Array}>}
 */
export async function makePackage(device, nowMs, isLastResort, lifetime = lifetimeFrom(nowMs)) {
  const extensions = isLastResort ? [{ extensionType: LAST_RESORT, extensionData: new Uint8Array() }] : [];
  const made = await generateKeyPackageWithKey(
    device.credential,
    CAPABILITIES,
    lifetime,
    extensions,
    device.keys,
    suite,
  );
  const bytes = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage: made.publicPackage });
  return { kept: { public: made.publicPackage, secret: made.privatePackage }, bytes };
}

/**
 * A kept package of what was given out and the secret keys beside it.
 *
 * @param {Device} device
 * @param {Uint8Array} bytes
 * @param {{init: Uint8Array, leaf: Uint8Array}} secret
 * @returns {KeptPackage | undefined}
 */
export function thawPackage(device, bytes, secret) {
  const message = read(bytes, KEY_PACKAGE_BYTES_MAX);
  if (message?.wireformat !== 'mls_key_package') return undefined;
  const { init: initPrivateKey, leaf: hpkePrivateKey } = secret;
  return {
    public: message.keyPackage,
    secret: { initPrivateKey, hpkePrivateKey, signaturePrivateKey: device.keys.signKey },
  };
}

/** @param {KeptPackage} kept */
export function isLastResort(kept) {
  return kept.public.extensions.some((extension) => extension.extensionType === LAST_RESORT);
}

/**
 * Looks at a package that a home has handed out for a device of this account. Whether its signatures hold is looked at when it is used.
 *
 * @param {Uint8Array} bytes
 * @param {string} account
 * @param {number} nowMs
 * @param {Devices} devices
 */
export async function checkPackage(bytes, account, nowMs, devices) {
  const message = read(bytes, KEY_PACKAGE_BYTES_MAX);
  if (message?.wireformat !== 'mls_key_package') throw new Refused('this is no key package');
  const { keyPackage } = message;
  if (keyPackage.cipherSuite !== SUITE) throw new Refused('the key package is of another suite');
  if (!isInTime(keyPackage.leafNode.lifetime, nowMs)) throw new Refused('the key package is out of its time');
  const { credential, signaturePublicKey } = keyPackage.leafNode;
  const name = await known(credential, signaturePublicKey, devices, true);
  if (name?.[0] !== account) throw new Refused(`the key package is of no living device of the account ${account}`);
  // Looked at here too: ts-mls looks at all that one change lets in, and what does not hold behind the first is caught by nobody.
  const { signature } = suite;
  if (!(await verifyKeyPackage(keyPackage, signature)) || !(await verifyLeafNodeSignatureKeyPackage(keyPackage.leafNode, signature)))
    throw new Refused('the key package is not signed by its device');
  return { name, keyPackage };
}

/** A group as this device holds it. */
export class Conversation {
  /**
   * @param {Device} device
   * @param {number} generation
   * @param {import("ts-mls").ClientState} group
   * @param {import("ts-mls").ClientState} [pending] where the group would be if the home took the change that waits
   */
  constructor(device, generation, group, pending) {
    this.device = device;
    this.generation = generation;
    this.group = group;
    this.pending = pending;
  }

  /**
   * Begins a group with this device alone in it.
   *
   * @param {Device} device
   * @param {Uint8Array} id
   * @param {number} generation
   * @param {number} nowMs
   */
  static async create(device, id, generation, nowMs) {
    const { kept } = await makePackage(device, nowMs, false);
    const config = behaviour(() => false);
    const group = await createGroup(groupName(id, generation), kept.public, kept.secret, [], suite, config);
    return new Conversation(device, generation, group);
  }

  /**
   * Goes into the group that a welcome leads to. The package that served is to be forgotten with it, unless it is one of last resort.
   *
   * @param {Device} device
   * @param {Uint8Array} bytes
   * @param {KeptPackage[]} packages
   * @param {Uint8Array} id
   * @param {number} generation
   * @param {Devices} devices
   */
  static async join(device, bytes, packages, id, generation, devices) {
    const message = read(bytes, COMMIT_BYTES_MAX);
    if (message?.wireformat !== 'mls_welcome') throw new Refused('this is no welcome');
    const { welcome } = message;
    const used = await packageOf(welcome, packages);
    if (used === undefined) throw new Refused('the welcome is for no package of this device');
    const opened = await openWelcome(welcome, used, suite);
    if (opened === undefined) throw new Refused('the welcome does not hold');
    const { groupContext, signer } = opened.info;
    if (!isSame(groupContext.groupId, groupName(id, generation))) throw new Refused('the welcome is for another group');
    if (groupContext.extensions.some((extension) => extension.extensionType === 'external_senders')) {
      throw new Refused('somebody outside may change the group');
    }
    const group = await enter(opened, used, suite, behaviour(devices));
    if (group === undefined) throw new Refused('the welcome does not hold');
    const by = namedBy(leafAt(group.ratchetTree, signer)?.credential);
    return { conversation: new Conversation(device, generation, group), by, used };
  }

  /**
   * Makes a change, which waits for the home's answer. Only one that removes or changes nothing gives this device new keys: ts-mls
   * leaves them as they are when devices are added and nothing else.
   *
   * @param {import("ts-mls").KeyPackage[]} add
   * @param {string[]} remove
   * @param {Devices} devices
   */
  async change(add, remove, devices) {
    this.checkIsIn();
    if (this.pending !== undefined) throw new Refused('another change waits for its answer');
    const extraProposals = [
      ...remove.map((wanted) => ({ proposalType: 'remove', remove: { removed: this.leafToRemove(wanted) } })),
      ...add.map((keyPackage) => ({ proposalType: 'add', add: { keyPackage } })),
    ];
    const made = await createCommit(
      { state: this.believing(devices), cipherSuite: suite },
      { extraProposals, ratchetTreeExtension: true },
    );
    const welcome =
      made.welcome && encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome });
    // What it has consumed stays until the answer: if the home takes another commit, the group goes on from here.
    return {
      conversation: new Conversation(this.device, this.generation, this.group, made.newState),
      epochBefore: this.epoch(),
      commit: encodeMlsMessage(made.commit),
      welcome,
    };
  }

  /** The home has taken the change: the group is in its new epoch. */
  accepted() {
    if (this.pending === undefined) return this;
    // What was sealed and opened while the change waited has used up keys of the epoch that ends, and of those before it.
    const opened = new Map(this.group.historicalReceiverData);
    const past = [...this.pending.historicalReceiverData].map(([epoch, data]) => [
      epoch,
      epoch === this.group.groupContext.epoch
        ? { ...data, secretTree: this.group.secretTree }
        : (opened.get(epoch) ?? data),
    ]);
    const group = { ...this.pending, historicalReceiverData: new Map(past) };
    return new Conversation(this.device, this.generation, group);
  }

  /** The home has taken another commit: the change is dropped. */
  rejected() {
    return new Conversation(this.device, this.generation, this.group);
  }

  /**
   * Seals a message for all who are in the group now.
   *
   * @param {Uint8Array} payload
   */
  async seal(payload) {
    if (payload.length + SEALED_MORE_BYTES_MAX > MESSAGE_BYTES_MAX) throw new Refused('a message weighs too much');
    this.checkIsIn();
    const made = await createApplicationMessage(this.group, payload, suite);
    made.consumed.forEach(zeroOutUint8Array);
    const { privateMessage } = made;
    return {
      conversation: this.with(made.newState),
      bytes: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage }),
    };
  }

  /**
   * Opens what has come in, and follows it if it is a commit.
   *
   * @param {Uint8Array} bytes
   * @param {Devices} devices
   * @returns {Promise<Opened>}
   */
  async open(bytes, devices) {
    this.checkIsIn();
    const message = read(bytes, COMMIT_BYTES_MAX);
    if (message?.wireformat !== 'mls_private_message') throw new Refused('this is neither a message nor a commit');
    const { privateMessage } = message;
    const isCommit = privateMessage.contentType === 'commit';
    if (!isCommit && bytes.length > MESSAGE_BYTES_MAX) throw new Refused('this is neither a message nor a commit');
    const { groupId, epoch } = this.group.groupContext;
    if (!isSame(privateMessage.groupId, groupId)) throw new Refused('this is of another group');
    if (privateMessage.epoch > epoch) return { conversation: this, opened: 'too_early' };
    const then =
      privateMessage.epoch === epoch ? this.now() : this.group.historicalReceiverData.get(privateMessage.epoch);
    if (then === undefined || (isCommit && privateMessage.epoch < epoch))
      return { conversation: this, opened: 'too_late' };
    // ts-mls does not tell who sent a message. What is read here is as good as the message: it holds if that does.
    const sender = await decryptSenderData(privateMessage, then.senderDataSecret, suite).catch(() => undefined);
    if (sender === undefined) throw new Refused('this does not hold');
    if (sender.leafIndex === this.group.privatePath.leafIndex) return { conversation: this, opened: 'own' };
    const by = namedBy(leafAt(then.ratchetTree, sender.leafIndex)?.credential);
    return isCommit ? this.follow(privateMessage, by, devices) : this.take(privateMessage, by, devices);
  }

  /**
   * All that is to be kept of it, secrets too.
   *
   * @returns {{generation: number, group: Uint8Array, pending?: Uint8Array}}
   */
  freeze() {
    const { generation, group, pending } = this;
    return { generation, group: encodeGroupState(group), ...(pending && { pending: encodeGroupState(pending) }) };
  }

  /**
   * It again, of what was kept.
   *
   * @param {Device} device
   * @param {{generation: number, group: Uint8Array, pending?: Uint8Array}} frozen
   */
  static thaw(device, { generation, group, pending }) {
    return new Conversation(device, generation, thawGroup(group), pending && thawGroup(pending));
  }

  /** The devices in it, this one among them, in the order of their accounts. */
  members() {
    const leaves = this.group.ratchetTree.filter((node) => node?.nodeType === 'leaf');
    return inOrder(leaves.map((node) => namedBy(node.leaf.credential)));
  }

  /** @returns {Epoch} */
  epoch() {
    return { generation: this.generation, number: Number(this.group.groupContext.epoch) };
  }

  /** What all members of this epoch have in common and nobody else knows. */
  authenticator() {
    return this.group.keySchedule.epochAuthenticator;
  }

  isIn() {
    return this.group.groupActiveState.kind === 'active';
  }

  /** @private */
  async take(privateMessage, by, devices) {
    const result = await this.process(privateMessage, devices, () => 'reject');
    if (result === 'repeat') return { conversation: this, opened: 'repeat' };
    if (result.kind !== 'applicationMessage') throw new Refused('this would change more than who is in the group');
    if (by === undefined || !devices(...by, true)) throw new Refused(`${by} is no living device`);
    result.consumed.forEach(zeroOutUint8Array);
    const epoch = { generation: this.generation, number: Number(privateMessage.epoch) };
    return { conversation: this.with(result.newState), opened: 'message', by, epoch, payload: result.message };
  }

  /** @private */
  async follow(privateMessage, by, devices) {
    const before = this.group.ratchetTree;
    const [added, removed] = [[], []];
    let committer;
    let isOwnRemoval = false;
    const result = await this.process(privateMessage, devices, ({ kind, senderLeafIndex, proposals }) => {
      if (kind !== 'commit' || senderLeafIndex === undefined) return 'reject';
      for (const { proposal } of proposals) {
        if (proposal.proposalType === 'add') {
          added.push(namedBy(proposal.add.keyPackage.leafNode.credential));
        } else if (proposal.proposalType === 'remove') {
          const leaf = proposal.remove.removed;
          removed.push(namedBy(leafAt(before, leaf)?.credential));
          isOwnRemoval ||= leaf === this.group.privatePath.leafIndex;
        } else {
          return 'reject';
        }
      }
      committer = senderLeafIndex;
      // Its commit is signed, and there is no next epoch for this device. (ts-mls would not notice that it is out when somebody has
      // been let in at its leaf.)
      return isOwnRemoval ? 'reject' : 'accept';
    });
    if (result === 'repeat' || result.kind !== 'newState') throw new Refused('this does not hold');
    if (committer === undefined) throw new Refused('this would change more than who is in the group');
    const after = isOwnRemoval
      ? { ...result.newState, groupActiveState: { kind: 'removedFromGroup' } }
      : result.newState;
    // The sender's new leaf bears its old name, and so its old key.
    const name = namedBy(leafAt(after.ratchetTree, committer)?.credential);
    if (by === undefined || String(name) !== String(by)) throw new Refused("a member's name does not fit its key");
    result.consumed.forEach(zeroOutUint8Array);
    const conversation = new Conversation(this.device, this.generation, after);
    return {
      conversation,
      opened: 'changed',
      by,
      added: inOrder(added),
      removed: inOrder(removed),
      isOwnRemoval,
      epoch: conversation.epoch(),
    };
  }

  /** @private */
  async process(privateMessage, devices, decide) {
    const state = this.believing(devices);
    try {
      return await processPrivateMessage(state, privateMessage, makePskIndex(state, {}), suite, decide);
    } catch (error) {
      // Opened before, or too far behind its followers: ts-mls has one word for both.
      if (error.message === 'Desired gen in the past') return 'repeat';
      throw error;
    }
  }

  /** @private */
  now() {
    return { senderDataSecret: this.group.keySchedule.senderDataSecret, ratchetTree: this.group.ratchetTree };
  }

  /** @private */
  with(group) {
    return new Conversation(this.device, this.generation, group, this.pending);
  }

  /** @private */
  believing(devices) {
    return { ...this.group, clientConfig: behaviour(devices) };
  }

  /** @private */
  checkIsIn() {
    if (!this.isIn()) throw new Refused('this device is not in the group any more');
  }

  /** @private */
  leafToRemove(wanted) {
    if (wanted === this.device.id) throw new Refused('a device cannot remove itself');
    const node = this.group.ratchetTree.findIndex(
      (node) => node?.nodeType === 'leaf' && namedBy(node.leaf.credential)?.[1] === wanted,
    );
    if (node === -1) throw new Refused(`the device ${wanted} is not in the group`);
    return node / 2;
  }
}

/**
 * Bytes as two hexadecimal digits each.
 *
 * @param {Uint8Array} bytes
 */
export function digits(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A device is named after its key: the first half of the SHA-256.
 *
 * @param {Uint8Array} key
 */
export async function deviceOf(key) {
  return digits(new Uint8Array(await crypto.subtle.digest('SHA-256', key)).subarray(0, 16));
}

/**
 * Whose device a credential says it is. One form only is read, so that two members never have the same name in two writings.
 *
 * @param {import("ts-mls").Credential | undefined} credential
 * @returns {Name | undefined}
 */
function namedBy(credential) {
  if (credential?.credentialType !== 'basic') return undefined;
  const text = Array.from(credential.identity, (byte) => String.fromCharCode(byte)).join('');
  const found = /^(0|[1-9][0-9]{0,18})\/([0-9a-f]{32})$/.exec(text);
  return found && BigInt(found[1]) < 1n << 63n ? [found[1], found[2]] : undefined;
}

/**
 * Whose device a leaf is of, if it bears its key's name and its owner has named it. One that has been revoked since is known by its place: who
 * was away while it was in would not find the way otherwise. To be let in it must live.
 *
 * @returns {Promise<Name | undefined>}
 */
async function known(credential, key, devices, mustLive = false) {
  const name = namedBy(credential);
  if (name === undefined || (await deviceOf(key)) !== name[1]) return undefined;
  return devices(...name, mustLive) ? name : undefined;
}

function lifetimeFrom(nowMs) {
  const seconds = (ms) => BigInt(Math.floor(ms / 1_000));
  return { notBefore: seconds(nowMs - EARLY_MS), notAfter: seconds(nowMs + LIFE_MS) };
}

function isInTime(lifetime, nowMs) {
  const [begins, ends] = [Number(lifetime.notBefore) * 1_000, Number(lifetime.notAfter) * 1_000];
  return ends - begins <= EARLY_MS + LIFE_MS && begins <= nowMs && ends >= nowMs + LEFT_MS_MIN;
}

/**
 * @param {Uint8Array} bytes
 * @returns {import("ts-mls").ClientState}
 */
function thawGroup(bytes) {
  const decoded = decodeGroupState(bytes, 0);
  if (decoded === undefined) throw new Error('a group that was kept does not read');
  return { ...decoded[0], clientConfig: behaviour(() => false) };
}

/** The name of a group: the conversation's 16 bytes, then the generation's four, the highest first. */
function groupName(id, generation) {
  const name = new Uint8Array(20);
  name.set(id);
  new DataView(name.buffer).setUint32(16, generation);
  return name;
}

/** One message and nothing behind it, or nothing. */
function read(bytes, bytesMax) {
  if (bytes.length > bytesMax) return undefined;
  const message = decodeMlsMessage(bytes, 0);
  return message && message[1] === bytes.length ? message[0] : undefined;
}

async function packageOf(welcome, packages) {
  for (const kept of packages) {
    const reference = await makeKeyPackageRef(kept.public, suite.hash);
    if (welcome.secrets.some((secret) => isSame(secret.newMember, reference))) return kept;
  }
  return undefined;
}

/** @returns {import("ts-mls").LeafNode | undefined} */
function leafAt(tree, index) {
  const node = tree[2 * index];
  return node?.nodeType === 'leaf' ? node.leaf : undefined;
}

/** By account, and then by device. */
function inOrder(names) {
  const order = ([account, device]) => account.padStart(19, '0') + device;
  return names.filter((name) => name !== undefined).sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

function isSame(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
