/** Pages whose text stands at the root of the repository, where its visitors look for it. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outside } from '../.vitepress/links.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default {
  paths: () =>
    Object.entries(outside)
      .filter(([page]) => page.startsWith('project/'))
      .map(([page, file]) => ({
        params: { name: basename(page) },
        content: readFileSync(`${root}${file}`, 'utf8'),
      })),
};
