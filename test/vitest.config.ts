/**
 * `quick` is what `npm test` runs: no browser, no bundler, no long search. Its files share the processes they run in, which spares the
 * imports. `long` is the rest, a process a file; `npm run test:all` runs both.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const long = ['test/web/**', 'test/bundlers/**', 'test/**/*.browser.test.ts', 'test/**/*.long.test.ts'];

export default defineConfig({
  root,
  resolve: { alias: { '#platform': `${root}src/platform/node.ts` } },
  test: {
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: long, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: long.map((glob) => (glob.endsWith('/**') ? `${glob}/*.test.ts` : glob)),
        },
      },
    ],
  },
});
