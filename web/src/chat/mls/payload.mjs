/**
 * What is written in a message, before it is sealed: JSON, padded with spaces to one of few lengths. See `crates/crypto/src/payload.rs`.
 */

const BUCKETS_BYTES = [256, 1 << 10, 4 << 10];
const STEP_BYTES = 16 << 10;
/** As many steps as still fit, sealed, into a message. */
const PAYLOAD_BYTES_MAX = 3 * STEP_BYTES;

/**
 * Writes a payload, padded.
 *
 * A text in JavaScript may hold halves of characters, which are no Unicode: elsewhere such JSON cannot be read, so each becomes
 * the character that stands for what cannot be shown.
 *
 * @param {object} payload
 * @returns {Uint8Array}
 */
export function encodePayload(payload) {
  const whole = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);
  const bytes = new TextEncoder().encode(JSON.stringify(payload, whole));
  const padded =
    BUCKETS_BYTES.find((bucket) => bytes.length <= bucket) ?? Math.ceil(bytes.length / STEP_BYTES) * STEP_BYTES;
  if (padded > PAYLOAD_BYTES_MAX) throw new RangeError(`a message has ${PAYLOAD_BYTES_MAX} bytes at most`);
  const payloadBytes = new Uint8Array(padded).fill(0x20);
  payloadBytes.set(bytes);
  return payloadBytes;
}

/**
 * Reads one. What is in it is as its sender has written it: whoever shows it looks at the limits.
 *
 * @param {Uint8Array} bytes
 * @returns {object}
 */
export function decodePayload(bytes) {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}
