/**
 * Text into HTML, safely: a template tag that escapes whatever is put into it, and JSON for a script element.
 * Not a template engine, and not for URLs or style sheets made from data.
 */

/** Markup that is known to be well-formed. Only `html` and `markup` make it. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What `html` accepts between its braces. `undefined` and `false` leave nothing behind. */
export type Part = string | number | Html | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for an element's content and for an attribute in either kind of quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}

/** Declares a constant of this package to be markup already. Never call it with a run's data. */
export function markup(text: string): Html {
  return new Html(text);
}

/** Template tag: everything interpolated is escaped unless it is itself `Html`; arrays are joined. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let text = strings[0]!;
  parts.forEach((part, i) => {
    text += render(part) + strings[i + 1]!;
  });
  return new Html(text);
}

/**
 * JSON that can stand inside a script element. JSON has no NaN and no infinities; they become the strings
 * 'NaN', 'Infinity' and '-Infinity', which say what they are instead of turning into null.
 */
export function scriptJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  );
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A script made safe to inline: it can neither end its element nor open a comment. */
export function inlineScript(source: string): Html {
  return new Html(source.replace(/<(?=\/script|script|!--)/gi, '\\x3c'));
}

/** A library's style sheet made safe to inline. */
export function inlineStyle(source: string): Html {
  return new Html(source.replace(/<(?=\/style)/gi, '\\3c '));
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escapeHtml(String(part));
}
