import { expect, it } from 'vitest';
import { codeOf } from '../src/enter';
import { outranks, ROLES } from '../src/standing.svelte';

it('nobody decides about people of their own role or a higher one', () => {
  const allowed = ROLES.flatMap((own) => ROLES.filter((other) => outranks(own, other)).map((other) => `${own} ${other}`));
  expect(allowed).toEqual(['moderator member', 'admin member', 'admin moderator']);
  expect(outranks('emperor', 'member')).toBe(false);
});

it('an invitation is read from its code and from its link', () => {
  expect(codeOf(' abc_1-2 ')).toBe('abc_1-2');
  expect(codeOf('https://plaza.example:8443/invite/abc_1-2')).toBe('abc_1-2');
  expect(codeOf('  ')).toBeNull();
});
