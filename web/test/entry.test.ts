import { describe, expect, it } from 'vitest';
import { Entry, type Entries } from '../src/api/entry';

const OWN = 'http://10.0.0.1:8787';
const list = (version: number, ...urls: string[]): Entries => ({
  version,
  ring: '0000000000000007',
  ca_fingerprint: null,
  machines: urls.map((url, id) => ({ id: String(id), urls: [url] })),
});

describe('the machine that is asked', () => {
  it('is the own one, and another one when that fails', () => {
    const entry = new Entry(OWN);
    expect(entry.base).toBe('');
    entry.failed('');
    expect(entry.base).toBe('');
    entry.learn(OWN, list(1, OWN, 'http://10.0.0.2:8787', 'http://10.0.0.3:8787'));
    expect(entry.count).toBe(3);
    entry.failed('');
    expect(entry.base).toBe('http://10.0.0.2:8787');
    entry.failed('');
    expect(entry.base, 'who noticed late changes nothing').toBe('http://10.0.0.2:8787');
    entry.failed('http://10.0.0.2:8787');
    entry.failed('http://10.0.0.3:8787');
    expect(entry.base).toBe('');
  });

  it('stays when the list changes, even if it is not in it any more', () => {
    const entry = new Entry(OWN, { version: 1, urls: ['http://10.0.0.2:8787'] });
    entry.failed('');
    entry.learn(OWN, list(2, OWN, 'http://10.0.0.9:8787'));
    expect([entry.base, entry.count, entry.version]).toEqual(['http://10.0.0.2:8787', 3, 2]);
  });

  it('forgets nobody for a machine that names itself alone', () => {
    const entry = new Entry(OWN);
    entry.learn(OWN, list(1, OWN, 'http://10.0.0.2:8787'));
    expect(entry.learn(OWN, list(2, OWN)).urls).toEqual(['http://10.0.0.2:8787']);
    entry.failed('');
    expect(entry.base).toBe('http://10.0.0.2:8787');
    entry.learn(OWN, list(3, OWN, 'http://10.0.0.3:8787'));
    entry.learn(OWN, list(4, OWN, 'http://10.0.0.4:8787'));
    expect(entry.count, 'the own one, the one that is asked, and the new one').toBe(3);
  });

  it('is never one of another scheme', () => {
    const entry = new Entry('https://plaza.example');
    entry.learn('https://plaza.example', list(1, 'http://10.0.0.2:8787'));
    expect(entry.count).toBe(1);
  });
});
