/** Builds the demo page into web/dist: static files that any server can have at any path. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const source = fileURLToPath(new URL('../src', import.meta.url));

/** They let the page share memory with its workers: threads. Without them it works with one. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * The digits are loaded when they are wanted, as all parts are. What they and the library's own optional pieces
 * share would be dozens of small files; in one they are smaller. What loads files is no part of it, or every
 * part would load the library.
 */
const groups = [
  { name: 'load', test: /preload-helper/, priority: 1 },
  { name: 'library', test: (id: string) => id.startsWith(source), minShareCount: 3 },
];

export default defineConfig({
  root: here,
  base: './',
  resolve: {
    alias: [
      { find: '#platform', replacement: `${source}/base/platform/browser.ts` },
      { find: /^lanegrad$/, replacement: `${source}/index.ts` },
      { find: /^lanegrad\/trainer$/, replacement: `${source}/trainer/index.ts` },
      { find: /^lanegrad\/tables$/, replacement: `${source}/tables.ts` },
    ],
  },
  worker: { format: 'es' },
  build: {
    ...{ outDir: 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: { headers },
  preview: { headers },
});
