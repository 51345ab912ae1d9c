// The build of the page: one document, hashed files beside it, a service worker that knows their names, and each of them packed.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Tells the service worker what the page consists of, and a name for just this build. */
function naming(): Plugin {
  return {
    name: 'tertulia-naming',
    apply: 'build',
    // Behind whoever takes files out of the build again: one that is named and not there, and the worker is never ready.
    enforce: 'post',
    generateBundle(_, bundle) {
      const names = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
      const worker = bundle['sw.js'];
      if (worker?.type !== 'chunk') throw new Error('the build has no service worker');
      worker.code = worker.code.replace(/(["'`])__ASSETS__\1/, JSON.stringify(names.map((name) => `/${name}`).sort()));
    },
  };
}

/** Names the script that asks for the first dweets before the page's own. */
function early(): Plugin {
  return {
    name: 'tertulia-early',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const script = Object.values(bundle).find((file) => file.type === 'chunk' && file.isEntry && file.name === 'early');
        if (!script) throw new Error('the build has no early script');
        return [{ tag: 'script', attrs: { type: 'module', async: true, src: `/${script.fileName}` }, injectTo: 'head' }];
      },
    },
  };
}

/** Packs what becomes shorter by it; the machine then sends bytes as they lie. */
function packing(): Plugin {
  return {
    name: 'tertulia-packing',
    apply: 'build',
    enforce: 'post',
    closeBundle() {
      for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|json|webmanifest|svg|txt)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const plain = readFileSync(file);
        const packed = {
          gz: gzipSync(plain, { level: 9 }),
          br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
        };
        for (const [ending, bytes] of Object.entries(packed)) {
          if (bytes.length < plain.length) writeFileSync(`${file}.${ending}`, bytes);
        }
      }
    },
  };
}

/** Where `npm run dev` finds a machine. */
const machine = process.env.TERTULIA ?? 'http://127.0.0.1:8787';

export default defineConfig({
  plugins: [svelte(), early(), naming(), packing()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Nothing is written into the page: its policy would refuse it.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { main: 'index.html', early: 'src/early.ts', sw: 'src/sw.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // What every visit needs is one file: on a slow network each file more is a journey more, and a browser makes six at a time.
        codeSplitting: { groups: [{ name: 'first', tags: ['$initial'], test: (id) => !/\/src\/(sw|early)\.ts$/.test(id) }] },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/oauth', '/pictures', '/trust', '/readyz'].map((path) => [path, { target: machine, ws: true }]),
    ),
  },
  // The parts with a state of their own are tried as the browser gets them.
  ...(process.env.VITEST && { resolve: { conditions: ['browser'] } }),
  // Real machines answer some of them, on a computer that may have other things to do.
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // They wait for machines and terminals longer than they work; by itself it takes one core less than there are.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
