// Holds the built page against what was promised of it. Wants `npm run build` before.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { chatEn } from '../src/chat/ui/words.en';
import { laterEn } from '../src/i18n/later.en';

const FIRST_LOAD_BYTES_MAX = 150_000;

describe('the built page', () => {
  let html = '';
  beforeAll(() => {
    if (!existsSync('dist/index.html')) throw new Error('build the page first: npm run build');
    html = readFileSync('dist/index.html', 'utf8');
  });

  const first = () => [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => `dist${found[1]}`);

  it('comes within 150 kB', () => {
    const named = first();
    expect(named.length).toBeGreaterThan(1);
    const packed = (file: string) => (existsSync(`${file}.gz`) ? `${file}.gz` : file);
    const bytes = ['dist/index.html', ...named].reduce((sum, file) => sum + statSync(packed(file)).size, 0);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
  });

  it('comes in few files, without the ciphers of messages', () => {
    const scripts = first().filter((name) => name.endsWith('.js'));
    expect(first()).toHaveLength(3);
    const hasCiphers = (name: string) => /PrivateMessage|PublicMessage/.test(readFileSync(name, 'utf8'));
    expect(scripts.filter(hasCiphers)).toEqual([]);
    // What is fetched at once is all that the script asks for as it starts.
    expect(scripts.map((name) => /^import\b(?!\()/m.test(readFileSync(name, 'utf8')))).toEqual([false, false]);
    const later = readdirSync('dist/assets').filter((name) => name.endsWith('.js')).map((name) => `dist/assets/${name}`);
    expect(later.some(hasCiphers)).toBe(true);
  });

  it('comes without the texts of what a first visit does not show', () => {
    const script = (name: string) => readFileSync(name, 'utf8');
    const later = Object.values({ ...laterEn, ...chatEn }).filter((text) => typeof text === 'string' && /^[\w .,:;]{25,}$/.test(text)) as string[];
    const all = readdirSync('dist/assets').filter((name) => name.endsWith('.js')).map((name) => script(`dist/assets/${name}`)).join('');
    expect(later.filter((text) => all.includes(text)).length).toBeGreaterThan(20);
    const atFirst = first().filter((name) => name.endsWith('.js')).map(script).join('');
    expect(later.filter((text) => atFirst.includes(text))).toEqual([]);
  });

  it('has no script and no style in the document, for the policy would refuse them', () => {
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });

  it('has what the machine replaces (crates/api/src/site.rs)', () => {
    for (const place of ['<title>Tertulia</title>', '<html lang="en"', '<div id="app"></div>']) {
      expect(html.split(place)).toHaveLength(2);
    }
  });

  it('names no other host', () => {
    const files = readdirSync('dist/assets').filter((name) => /\.(js|css)$/.test(name));
    const allowed = /^https?:\/\/(www\.w3\.org|svelte\.dev)\//;
    for (const name of files) {
      const urls = readFileSync(`dist/assets/${name}`, 'utf8').match(/https?:\/\/[\w-]+\.[\w.-]+\/?/g) ?? [];
      expect(urls.filter((url) => !allowed.test(`${url}/`)), name).toEqual([]);
    }
  });

  it('has a service worker that knows the files of its own build', () => {
    const worker = readFileSync('dist/sw.js', 'utf8');
    const there = readdirSync('dist/assets').filter((name) => /\.(js|css)$/.test(name));
    // All of them and no other: one that is not there, and it is never ready.
    expect([...worker.matchAll(/"\/assets\/([^"]+)"/g)].map(([, name]) => name).sort()).toEqual(there.sort());
    expect(worker).not.toContain('import');
  });
});
