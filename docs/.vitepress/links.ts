/**
 * Links of the pages, as they are read in the repository, made fit for the site: pages that stand elsewhere
 * have a place here too, and what has none is text.
 */
import { existsSync } from 'node:fs';
import { posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer } from 'vitepress';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Pages whose text stands outside of docs/: the page, without its ending, and the file. */
export const outside: Readonly<Record<string, string>> = {
  'project/changelog': 'CHANGELOG.md',
  'project/contributing': 'CONTRIBUTING.md',
  'project/security': 'SECURITY.md',
  'project/kernels': 'assembly/README.md',
  'examples/index': 'examples/README.md',
};

/** The file in the repository that a page of the site is made of. */
function fileOf(page: string): string {
  const name = page.replace(/\.md$/, '');
  if (outside[name]) return outside[name];
  const [, example] = /^examples\/([\w-]+)$/.exec(name) ?? [];
  return example ? `examples/${example}/README.md` : `docs/${page}`;
}

/** The page of the site that shows a file or folder of the repository; undefined where there is none. */
function pageOf(file: string): string | undefined {
  const page = Object.keys(outside).find((name) => outside[name] === file);
  if (page) return `/${page.replace(/index$/, '')}`;
  if (file === 'README.md') return '/';
  const [, example] = /^examples\/([\w-]+)(?:\/(?:README\.md)?)?$/.exec(file) ?? [];
  if (example) return `/examples/${example}`;
  if (/^examples\/?$/.test(file)) return '/examples/';
  if (!file.startsWith('docs/')) return undefined;
  const path = file
    .slice('docs'.length)
    .replace(/\/README\.md$/, '/')
    .replace(/\.md$/, '');
  return posix.extname(path) ||
    path.endsWith('/') ||
    existsSync(resolve(root, `${file.replace(/\.md$/, '')}.md`))
    ? path
    : `${path}/`;
}

/** Rewrites links while a page is parsed, before VitePress looks whether they lead somewhere. */
export function repositoryLinks(md: MarkdownRenderer): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const page: string = env.relativePath ?? '';
    if (page.startsWith('api/')) return;
    const folder = posix.dirname(fileOf(page));
    for (const { children } of tokens) {
      const open: boolean[] = [];
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? '';
          const local = !/^([a-z]+:|#|\/)/.test(href);
          const [, path, hash] = /^([^#]*)(.*)$/.exec(href)!;
          const target = local
            ? pageOf(relative(root, resolve(root, folder, path)).replaceAll('\\', '/'))
            : href;
          open.push(target !== undefined);
          if (target === undefined) Object.assign(token, { type: 'text', tag: '', content: '', nesting: 0 });
          else if (local) token.attrSet('href', `${target}${hash}`);
        } else if (token.type === 'link_close' && !open.pop()) {
          Object.assign(token, { type: 'text', tag: '', content: '', nesting: 0 });
        }
      }
    }
  });
}
