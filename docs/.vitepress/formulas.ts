/** Formulas in TeX, between dollars or in blocks of `math`, as MathML: browsers draw it without a script. */
import temml from 'temml';
import type { MarkdownRenderer } from 'vitepress';

export function formulas(md: MarkdownRenderer): void {
  md.inline.ruler.before('escape', 'formula', (state, silent) => {
    const found = /^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(state.src.slice(state.pos));
    if (!found) return false;
    if (!silent)
      state.push('html_inline', '', 0).content = temml.renderToString(found[1], { throwOnError: true });
    state.pos += found[0].length;
    return true;
  });
  const fence = md.renderer.rules.fence!;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index];
    if (info.trim() !== 'math') return fence(tokens, index, ...rest);
    const drawn = temml.renderToString(content, { displayMode: true, throwOnError: true });
    return `<div class="formula" tabindex="0" v-pre>${drawn}</div>\n`;
  };
}
