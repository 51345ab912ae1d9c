import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Trouble } from '../src/api/client';
import { chatEn } from '../src/chat/ui/words.en';
import { chatEs } from '../src/chat/ui/words.es';
import { en as firstEn } from '../src/i18n/en';
import { es as firstEs } from '../src/i18n/es';
import { language, said } from '../src/i18n/index.svelte';
import { laterEn } from '../src/i18n/later.en';
import { laterEs } from '../src/i18n/later.es';
import { filled, names, type Text } from '../src/i18n/words';

const en = { ...firstEn, ...laterEn, ...chatEn };
const es: Record<keyof typeof en, Text> = { ...firstEs, ...laterEs, ...chatEs };
const keys = Object.keys(en) as (keyof typeof en)[];

describe('the two languages', () => {
  it('have the same keys, and the same names to fill in', () => {
    expect(Object.keys(es).sort()).toEqual([...keys].sort());
    for (const key of keys) expect([key, names(es[key])]).toEqual([key, names(en[key])]);
  });

  it('have each text once', () => {
    const parts = [firstEn, laterEn, chatEn];
    expect(keys).toHaveLength(parts.reduce((sum, part) => sum + Object.keys(part).length, 0));
  });

  it('do not say the same: what was forgotten would stand out', () => {
    const same = keys.filter((key) => JSON.stringify(en[key]) === JSON.stringify(es[key]));
    expect(same.length, same.join(', ')).toBeLessThan(keys.length * 0.05);
  });

  it('have a text for everything that the source names', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|ts)$/.test(name));
    const sources = new Map(files.map((name) => [name, readFileSync(join('src', name), 'utf8')]));
    const named = new Set<string>();
    for (const source of sources.values()) {
      for (const found of source.matchAll(/\bt\('([\w.]+)'/g)) named.add(found[1] ?? '');
    }
    expect(named.size).toBeGreaterThan(20);
    // What is named by a variable has one of these beginnings.
    const byName = /^(trouble|title|keys|notified|person\.did|visibility|registration|category|role|log|ring\.(state|role|note|event)|chat\.(trouble|event|alarm|progress))\./;
    const all = [...sources].map(([name, source]) => (/i18n.(later\.)?e[ns]\.ts$|words\.e[ns]\.ts$/.test(name) ? '' : source)).join('');
    expect(keys.filter((key) => !byName.test(key) && !all.includes(`'${key}'`)), 'said by nobody').toEqual([]);
    expect([...named].filter((key) => !(key in en))).toEqual([]);
  });
});

describe('a text', () => {
  const dweets: Text = { one: '{n} dweet', other: '{n} dweets' };
  it('has the form that the count asks for, and numbers as the language writes them', () => {
    expect(filled(dweets, { n: 1 }, 'en')).toBe('1 dweet');
    expect(filled(dweets, { n: 12_345 }, 'en')).toBe('12,345 dweets');
    expect(filled(dweets, { n: 12_345 }, 'es')).toBe('12.345 dweets');
  });

  it('leaves a name that nobody fills as it is', () => {
    expect(filled('{a} and {b}', { a: '{b}' }, 'en')).toBe('{b} and {b}');
  });
});

describe('what the ring refuses', () => {
  it('is said in the language of the page, limits with their number', () => {
    language.choose('es');
    const refused = (code: string, words: string) => said(new Trouble('refused', code, words));
    expect(refused('limit', 'limit reached: at most 20 reports a day')).toBe('Es más de lo que se permite aquí: como mucho 20.');
    expect(refused('limit', 'limit reached: letters that wait to be fetched')).toBe('Es más de lo que se permite aquí.');
    expect(refused('invalid', 'the reason')).toBe('Así no se puede aceptar: the reason');
    language.choose(null);
  });

  it('has words for every code that the API can answer to a page', () => {
    const source = readFileSync('../crates/api/src/error.rs', 'utf8');
    const codes = [...new Set([...source.matchAll(/StatusCode::\w+, "(\w+)"/g)].map(([, code]) => code ?? ''))];
    expect(codes.length).toBeGreaterThan(15);
    // What only a program that is wrong could hear.
    const ofPrograms = ['malformed', 'unknown_type', 'too_slow', 'no_such_path', 'no_such_method', 'not_here', 'key_reused', 'stale_devices', 'no_device'];
    expect(codes.filter((code) => !(`trouble.${code}` in en) && !ofPrograms.includes(code))).toEqual([]);
  });
});
