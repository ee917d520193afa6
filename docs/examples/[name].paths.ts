/** A page for each example, its README, and one that lists them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

export default {
  paths() {
    const pages = readdirSync(folder)
      .filter((name) => existsSync(`${folder}${name}/README.md`))
      .map((name) => ({ params: { name }, content: readFileSync(`${folder}${name}/README.md`, 'utf8') }));
    const lines = pages.map(({ params: { name }, content }) => {
      const [, title, about] = /^# (.+)\n+([\s\S]*?)(?:\n\n|$)/.exec(content) ?? [];
      return `## [${title ?? name}](/examples/${name})\n\n\`examples/${name}\`\n\n${about ?? ''}`;
    });
    const intro = 'Each is a folder of the repository that runs with one command, and is run by the tests.';
    const list = { params: { name: 'index' }, content: `# Examples\n\n${intro}\n\n${lines.join('\n\n')}\n` };
    return [list, ...pages];
  },
};
