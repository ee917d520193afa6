/**
 * Three kinds of test files. `npm test` runs the first two, `npm run test:all` everything.
 *
 * - shared: files that share the processes they run in, which spares the imports
 * - alone: a process a file, for those that mock modules, or count what a process holds
 * - long: likewise; those of browsers and bundlers, long searches, and waiting
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const long = [
  'test/web/**/*.test.ts',
  'test/bundlers/**/*.test.ts',
  'test/**/*.browser.test.ts',
  'test/**/*.long.test.ts',
];
const alone = [
  'test/engine/{create,try}.test.ts',
  'test/base/files/{atomic,spill}.test.ts',
  'test/threads/*.test.ts',
  'test/train/memory.test.ts',
  'test/networks/{memory,threads}.test.ts',
  'test/trainer/*.test.ts',
  'test/run/defaults.test.ts',
];

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: '#platform', replacement: `${root}src/base/platform/node.ts` },
      // What test/networks is written with: the package as its users import it.
      { find: /^lanegrad$/, replacement: `${root}src/index.ts` },
    ],
  },
  test: {
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...long, ...alone],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: alone, exclude: long } },
      // A busy machine makes what takes half a minute take several.
      { extends: true, test: { name: 'long', include: long, testTimeout: 180_000, hookTimeout: 180_000 } },
    ],
  },
});
