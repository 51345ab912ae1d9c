// Byte for byte what `crates/crypto` makes: its own expectations, held against this side.
import { expect, test } from 'vitest';
import { BackupError, openBackup, sealBackup } from './backup';
import { base64, digits, utf8 } from './bytes';
import { ChainError, emptyChain, linkOf, next, NO_LINK, statement, verify, type DeviceRecord } from './chain';
import { NotACode, randomCode, readCode, textOf } from './code';
import { fingerprint, safetyNumber } from './number';
import { Pairing } from './pairing';
import { decode, encode, payloadOf, Unfit } from './payload';
import { ofRoom, ofTwo } from './people';
import { kept, open, seal } from './seal';
import { hasSigned, keyOfSeed, randomKey, sign } from './signing';

const ACCOUNT = String(7 << 16);
const bytes = (value: number) => new Uint8Array(32).fill(value);

test('a fingerprint is what the terminal shows', () => {
  expect(fingerprint(String(1 << 16), bytes(1))).toBe('37305 67988 10884 52073 84475 17351');
  const [ana, ben] = [
    [String(1 << 16), bytes(1)],
    [String(2 << 16), bytes(2)],
  ] as [[string, Uint8Array], [string, Uint8Array]];
  expect(safetyNumber(ana, ben)).toBe(safetyNumber(ben, ana));
  expect(safetyNumber(ana, ben).split(' ')).toHaveLength(12);
});

test('a statement has one form', () => {
  const record = { account: ACCOUNT, identity: base64(bytes(1)), sequence: 0, previous: base64(bytes(0)), made_ms: 5 };
  expect(statement({ ...record, add: { key: base64(bytes(2)), label: 'laptop' } })).toBe(
    `tertulia device statement 1\naccount 458752\nidentity ${'01'.repeat(32)}\nsequence 0\nprevious ${NO_LINK}\nmade 5\nadd ${'02'.repeat(32)} laptop\n`,
  );
  expect(
    statement({ ...record, revoke: 'AB'.repeat(16) })
      .split('\n')
      .at(-2),
  ).toBe(`revoke ${'ab'.repeat(16)}`);
});

async function say(saying: ['add' | 'revoke', number, number][]): Promise<DeviceRecord[]> {
  const identities = [await keyOfSeed(bytes(9)), await keyOfSeed(bytes(8))];
  const records: DeviceRecord[] = [];
  let chain = emptyChain(ACCOUNT);
  for (const [what, number, identity] of saying) {
    const key = bytes(number);
    const device = digits(new Uint8Array(await crypto.subtle.digest('SHA-256', key))).slice(0, 32);
    const change = what === 'add' ? { add: { key: base64(key), label: `device ${number}` } } : { revoke: device };
    const record = await next(chain, identities[identity] as Awaited<ReturnType<typeof keyOfSeed>>, change, 5);
    records.push(record);
    chain = { ...chain, links: [...chain.links, await linkOf(record)] };
  }
  return records;
}

test('a chain says which devices live, and forged, missing and repeated statements are found out', async () => {
  const records = await say([
    ['add', 1, 0],
    ['add', 2, 0],
    ['revoke', 1, 0],
  ]);
  const chain = await verify(ACCOUNT, records);
  expect(Object.values(chain.live).map(({ label }) => label)).toEqual(['device 2']);
  expect(chain.identityChanges).toBe(0);
  // That one was a device is known, and when it was one no more.
  const gone = chain.known.find((device) => !(device in chain.live)) as string;
  expect(chain.ended).toEqual({ [gone]: 5 });
  const [first, second, third] = records as [DeviceRecord, DeviceRecord, DeviceRecord];
  const wrong: [string, DeviceRecord[]][] = [
    ['not signed', [first, { ...second, made_ms: 6 }]],
    ["another's place", [first, third]],
    ["another's place", [first, first]],
    ['another account', [{ ...first, account: '1' }]],
    [
      'one way only',
      [{ ...first, add: { ...(first.add as object), label: 'a\nrevoke 00' } as DeviceRecord['add'] & object }],
    ],
    ['one way only', [{ ...first, revoke: '00'.repeat(16) }]],
  ];
  for (const [why, said] of wrong) await expect(verify(ACCOUNT, said), why).rejects.toThrow(why);
  const other = (await say([['add', 3, 0]])) as [DeviceRecord];
  await expect(verify(ACCOUNT, [...other, second])).rejects.toThrow('another history');
  await expect(
    verify(
      ACCOUNT,
      await say([
        ['add', 1, 0],
        ['revoke', 1, 0],
        ['add', 1, 0],
      ]),
    ),
  ).rejects.toThrow(ChainError);
});

test('another identity voids all devices and is counted', async () => {
  const chain = await verify(
    ACCOUNT,
    await say([
      ['add', 1, 0],
      ['add', 2, 0],
      ['add', 3, 1],
    ]),
  );
  expect(chain.identityChanges).toBe(1);
  expect(Object.keys(chain.live)).toHaveLength(1);
  expect([chain.known.length, Object.values(chain.ended ?? {})]).toEqual([3, [5, 5]]);
});

test('a weak key signs nothing, nor is a weak point in a signature believed', async () => {
  const text = utf8('whatever');
  const neutral = Uint8Array.from({ length: 32 }, (_, at) => Number(at === 0));
  expect(await hasSigned(neutral, text, new Uint8Array([...neutral, ...bytes(0)]))).toBe(false);
  const key = await randomKey();
  const signature = await sign(key.seed, text);
  expect(await hasSigned(key.public, text, signature)).toBe(true);
  expect(await hasSigned(key.public, utf8('else'), signature)).toBe(false);
  expect(await hasSigned(key.public, text, signature.subarray(1))).toBe(false);
  // The sign of x set as well.
  const signed = neutral.map((byte, at) => (at === 31 ? byte | 0x80 : byte));
  expect(await hasSigned(signed, text, new Uint8Array([...signed, ...bytes(0)]))).toBe(false);
});

test('a code is read as people type it, and a mistyped group is named', () => {
  const code = Uint8Array.from({ length: 28 }, (_, at) => at);
  const text = textOf(code);
  expect(text.startsWith('0123')).toBe(true);
  for (const typed of [
    text,
    text.toLowerCase(),
    text.replaceAll('-', ' '),
    text.replaceAll('-', ''),
    text.replaceAll('0', 'o').replaceAll('1', 'l'),
  ]) {
    expect(readCode(typed)).toEqual(code);
  }
  const groups = text.split('-');
  [groups[1], groups[4]] = [groups[4] as string, groups[1] as string];
  expect(() => readCode(groups.join('-'))).toThrow(new NotACode(2));
  expect(() => readCode('')).toThrow(NotACode);
  const drawn = randomCode();
  expect(readCode(textOf(drawn))).toEqual(drawn);
});

test('a backup opens with its code and tells its number; wrong codes, damage and age are told apart', async () => {
  const code = randomCode();
  const backup = await sealBackup(code, 7, utf8('a seed'));
  const [number, plain] = await openBackup(code, 7, backup);
  expect([number, new TextDecoder().decode(plain)]).toEqual([7, 'a seed']);
  const why = (asked: Promise<unknown>) =>
    asked.then(
      () => 'opened',
      (error: BackupError) => error.code,
    );
  expect(await why(openBackup(randomCode(), 0, backup))).toBe('wrong_code');
  expect(await why(openBackup(code, 8, backup))).toBe('too_old');
  expect(await why(openBackup(code, 0, backup.subarray(0, -1)))).toBe('damaged');
});

test('what is sealed opens with its key in its place only', () => {
  const sealed = seal(bytes(1), 'here', utf8('secret'));
  expect(open(bytes(1), 'here', sealed)).toEqual(utf8('secret'));
  expect(open(bytes(1), 'there', sealed)).toBeUndefined();
  expect(open(bytes(2), 'here', sealed)).toBeUndefined();
  const version = kept.seal(bytes(1), 'contacts', 3, utf8('ana'));
  expect(kept.open(bytes(1), 'contacts', 3, version)).toEqual(utf8('ana'));
  expect(kept.open(bytes(1), 'contacts', 4, version)).toBeUndefined();
  const code = randomCode();
  const [one, other] = [new Pairing(code, '1'), new Pairing(code, '2')];
  expect(one.name('old', 3)).not.toBe(other.name('old', 3));
  expect(other.open('old', 3, one.seal('old', 3, utf8('x')))).toBeUndefined();
});

test('payloads keep to the limits, whoever wrote them', () => {
  const ask = (content: Parameters<typeof payloadOf>[0]) => encode(payloadOf(content, 1));
  expect(ask({ type: 'text', text: 'hola' })).toHaveLength(256);
  expect(() => ask({ type: 'text', text: '' })).toThrow(Unfit);
  expect(() => ask({ type: 'text', text: 'ñ'.repeat(10_001) })).toThrow(Unfit);
  expect(() => ask({ type: 'text', text: '\u{1}'.repeat(10_000) })).toThrow(Unfit);
  const read = (content: unknown) =>
    decode(utf8(JSON.stringify({ id: 'ab'.repeat(16), sent_ms: 1, content })))?.content;
  expect(read({ type: 'poll', options: [] })).toEqual({ type: 'unknown' });
  expect(read({ type: 'text', text: 'hola', colour: 'red' })).toEqual({ type: 'text', text: 'hola' });
  expect(read({ type: 'receipt', kind: 'heard', of: [] })).toEqual({ type: 'receipt', kind: 'unknown', of: [] });
  for (const wrong of [
    undefined,
    { text: 'no type' },
    { type: 'text' },
    { type: 'text', text: '' },
    { type: 'receipt', kind: 'read', of: ['x'] },
  ]) {
    expect(read(wrong)).toBeUndefined();
  }
  expect(decode(utf8('no JSON'))).toBeUndefined();
});

test("the name of a conversation of two follows from the two, and a room's is another's", async () => {
  expect(await ofTwo('100000', '99999')).toBe(await ofTwo('99999', '100000'));
  expect((await ofTwo('1', '2')).slice(0, 2)).toBe('00');
  expect(ofRoom('00'.repeat(16))).toBe(`01${'00'.repeat(15)}`);
});
