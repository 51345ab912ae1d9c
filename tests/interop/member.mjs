/**
 * A device of a conversation that does what it is told, one JSON object on each line of its input, and answers on each line of its
 * output: what was asked for, or `{"refused": why}`. It speaks as `crates/crypto/examples/member.rs` does, so that the tests can
 * put either in either's place; bytes are hexadecimal digits.
 */

import { createInterface } from "node:readline";
import { Conversation, checkPackage, credentialOf, digits, isLastResort, makePackage, newDevice } from "../../web/src/chat/mls/mls.mjs";
import { decodePayload, encodePayload } from "../../web/src/chat/mls/payload.mjs";

let device;
let conversation;
/** @type {import("../../web/src/chat/mls/mls.mjs").KeptPackage[]} */
let packages = [];
/** Whether each device that was ever named lives. */
const named = new Map();
const devices = (account, id, mustLive) => {
  const lives = named.get(`${account}/${id}`);
  return mustLive ? lives === true : lives !== undefined;
};

const orders = {
  async begin({ account }) {
    device = await newDevice(account);
    return { device: device.id, key: digits(device.keys.publicKey) };
  },

  /** Lie: say of this device what no honest one says. */
  async call_yourself({ credential }) {
    device = { ...device, credential: credentialOf(credential) };
    return {};
  },

  async believe({ account, device }) {
    named.set(`${account}/${device}`, true);
    return {};
  },

  async doubt({ account, device }) {
    named.set(`${account}/${device}`, false);
    return {};
  },

  /** With `lifetime_s`, one that lives from and to then. */
  async package({ now_ms, is_last_resort, lifetime_s }) {
    const lifetime = lifetime_s && { notBefore: BigInt(lifetime_s[0]), notAfter: BigInt(lifetime_s[1]) };
    const { kept, bytes } = await makePackage(device, now_ms, is_last_resort, lifetime);
    packages.push(kept);
    return { package: digits(bytes) };
  },

  async create({ conversation: id, generation, now_ms }) {
    conversation = await Conversation.create(device, bytesOf(id), generation, now_ms);
    return {};
  },

  async join({ welcome, conversation: id, generation }) {
    const joined = await Conversation.join(device, bytesOf(welcome), packages, bytesOf(id), generation, devices);
    conversation = joined.conversation;
    if (!isLastResort(joined.used)) packages = packages.filter((kept) => kept !== joined.used);
    return { by: joined.by };
  },

  async change({ add, remove, now_ms }) {
    const checked = [];
    for (const { account, package: bytes } of add) {
      checked.push((await checkPackage(bytesOf(bytes), account, now_ms, devices)).keyPackage);
    }
    const made = await conversation.change(checked, remove, devices);
    conversation = made.conversation;
    return { epoch_before: made.epochBefore, commit: digits(made.commit), welcome: made.welcome && digits(made.welcome) };
  },

  async accepted() {
    conversation = conversation.accepted();
    return {};
  },

  async rejected() {
    conversation = conversation.rejected();
    return {};
  },

  async forget() {
    conversation = undefined;
    return {};
  },

  async seal({ payload }) {
    const sealed = await conversation.seal(encodePayload(payload));
    conversation = sealed.conversation;
    return { sealed: digits(sealed.bytes) };
  },

  async open({ bytes }) {
    const { conversation: next, opened, by, epoch, payload, added, removed, isOwnRemoval } = await conversation.open(
      bytesOf(bytes),
      devices,
    );
    conversation = next;
    if (opened === "message") return { opened, by, epoch, payload: decodePayload(payload), payload_bytes: payload.length };
    if (opened === "changed") return { opened, by, added, removed, is_own_removal: isOwnRemoval, epoch };
    return { opened };
  },

  async state() {
    return {
      epoch: conversation.epoch(),
      members: conversation.members(),
      authenticator: digits(conversation.authenticator()),
      is_in: conversation.isIn(),
    };
  },
};

/** @param {string} text */
function bytesOf(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: order, ...words } = JSON.parse(line);
  const answer = await orders[order](words).catch((error) => ({ refused: error.message, stack: error.stack }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
