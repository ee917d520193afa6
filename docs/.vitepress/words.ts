/** Words between angle brackets, as `<folder>` in the help of a command, are words: Vue would look for their ends. */
import type { MarkdownRenderer } from 'vitepress';

const TAGS =
  /^<\/?(a|br|sup|sub|kbd|details|summary|figure|figcaption|svg|g|path|rect|text|tspan|line|circle|defs|marker|title|desc|math|!--)\b|^<!--/;

export function wordsInBrackets(md: MarkdownRenderer): void {
  for (const kind of ['html_inline', 'html_block'] as const) {
    const rule = md.renderer.rules[kind] ?? ((tokens, index) => tokens[index].content);
    md.renderer.rules[kind] = (tokens, index, ...rest) => {
      const { content } = tokens[index];
      return TAGS.test(content.trim()) ? rule(tokens, index, ...rest) : md.utils.escapeHtml(content);
    };
  }
}
