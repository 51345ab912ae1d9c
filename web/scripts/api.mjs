// Makes src/api/schema.ts of the document that a machine serves: the debug build's, or the one that is named.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';
import { Machine } from './machine.mjs';

const HEAD = '// Made of the document of the API by `make api`; a test compares. Do not edit.\n\n';

/** The types of the API of a machine, as text. */
export async function schema(machine) {
  const answer = await fetch(new URL('/api/openapi.json', machine), { signal: AbortSignal.timeout(10_000) });
  const document = await answer.json();
  // Named by their Rust functions, which are unique in a module only.
  for (const path of Object.values(document.paths)) for (const operation of Object.values(path)) delete operation.operationId;
  return HEAD + astToString(await openapi(document, { defaultNonNullable: false }));
}

async function write(machine) {
  await writeFile(new URL('../src/api/schema.ts', import.meta.url), await schema(machine));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2]) await write(process.argv[2]);
  else {
    const machine = await Machine.found();
    await write(machine.url).finally(() => machine.end());
  }
}
