// Holds the built page against what was promised of it. Wants `npm run build` before.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

const FIRST_LOAD_BYTES_MAX = 150_000;

describe('the built page', () => {
  let html = '';
  beforeAll(() => {
    if (!existsSync('dist/index.html')) throw new Error('build the page first: npm run build');
    html = readFileSync('dist/index.html', 'utf8');
  });

  it('comes within 150 kB', () => {
    const named = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => `dist${found[1]}`);
    expect(named.length).toBeGreaterThan(1);
    const packed = (file: string) => (existsSync(`${file}.gz`) ? `${file}.gz` : file);
    const bytes = ['dist/index.html', ...named].reduce((sum, file) => sum + statSync(packed(file)).size, 0);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
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
    for (const name of readdirSync('dist/assets').filter((name) => /\.(js|css)$/.test(name))) expect(worker).toContain(name);
    expect(worker).not.toContain('import');
  });
});
