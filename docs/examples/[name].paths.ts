/** A page for each example, its README, and the one that lists them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

export default {
  paths: () =>
    ['', ...readdirSync(folder)]
      .filter((name) => existsSync(`${folder}${name}/README.md`))
      .map((name) => ({
        params: { name: name || 'index' },
        content: readFileSync(`${folder}${name}/README.md`, 'utf8'),
      })),
};
