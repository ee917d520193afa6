/**
 * The documentation as a static site: `npm run docs` makes the reference by TypeDoc in docs/api, then this in
 * docs/.vitepress/dist. `DOCS_BASE=/path/` where it does not stand at the root of its server.
 */
import { defineConfig } from 'vitepress';
import { formulas } from './formulas.js';
import { repositoryLinks } from './links.js';
import { sidebar } from './sidebar.js';
import { tableHeads } from './tables.js';
import { wordsInBrackets } from './words.js';

const base = process.env.DOCS_BASE ?? '/';

export default defineConfig({
  title: 'lanegrad',
  description: 'Neural-network training in TypeScript, on kernels compiled to SIMD WebAssembly.',
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  base,
  cleanUrls: false,
  ignoreDeadLinks: false,
  rewrites: { 'guide/README.md': 'guide/index.md' },
  // Files of others, as the README's of folders within, are no pages.
  srcExclude: ['public/**'],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      repositoryLinks(md);
      formulas(md);
      wordsInBrackets(md);
      tableHeads(md);
    },
  },
  // The theme's first page has no main landmark.
  transformHtml: (html) => html.replace('class="VPContent is-home"', 'class="VPContent is-home" role="main"'),
  vite: { build: { chunkSizeWarningLimit: 5000 } },
  vue: {
    template: { compilerOptions: { isCustomElement: (tag) => tag === 'math' || /^m[a-z]+$/.test(tag) } },
  },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Guide', link: '/guide/' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Reference', link: '/api/' },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
  },
});
