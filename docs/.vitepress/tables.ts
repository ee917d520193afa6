/** Heads of tables: one without a word is left out, and an empty cell of another is no heading. */
import type { MarkdownRenderer } from 'vitepress';

export function tableHeads(md: MarkdownRenderer): void {
  md.core.ruler.push('table-heads', (state) => {
    const { tokens } = state;
    const dropped = new Set<number>();
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i].type !== 'thead_open') continue;
      const end = tokens.findIndex(({ type }, at) => at > i && type === 'thead_close');
      const cells = [];
      for (let at = i; at < end; at++) if (tokens[at].type === 'th_open') cells.push(at);
      const empty = cells.filter((at) => tokens[at + 1].content === '');
      if (empty.length === cells.length) for (let at = i; at <= end; at++) dropped.add(at);
      else for (const at of empty) tokens[at].tag = tokens[at + 2].tag = 'td';
    }
    state.tokens = tokens.filter((_, at) => !dropped.has(at));
  });
}
