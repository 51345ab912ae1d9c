import { readFile } from 'node:fs/promises';
import { schema } from '../scripts/api.mjs';
import { expect, test } from './ring';

test('the types of the API are those of the machine: else make api', async ({ machine }) => {
  const kept = await readFile(new URL('../src/api/schema.ts', import.meta.url), 'utf8');
  expect(kept === (await schema(machine.url)), 'src/api/schema.ts is old: run `make api`').toBe(true);
});
