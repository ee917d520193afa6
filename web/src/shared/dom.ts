/** The page's elements: by their ids, and made from markup. */
export const get = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;

export const say = (id: string, text: string) => {
  get(id).textContent = text;
};

type Content = Node | string;

/** An element with attributes as in markup, `true` for those without a value, and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number | boolean>> = {},
  ...children: readonly Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

interface MarkupPolicy {
  createHTML(text: string): string;
}

/** Where the browser has Trusted Types: for markup that is written down in this page's own source. */
const markupPolicy = (
  globalThis as { trustedTypes?: { createPolicy(name: string, rules: MarkupPolicy): MarkupPolicy } }
).trustedTypes?.createPolicy('markup', { createHTML: (text) => text });

/** Fills an element with markup of the page's own source; never with what a visitor brings. */
export function fill(element: HTMLElement, markup: string): void {
  element.innerHTML = markupPolicy?.createHTML(markup) ?? markup;
}

/** Switches all that the selector finds off, or on again. */
export function disable(root: ParentNode, selector: string, disabled: boolean): void {
  for (const field of root.querySelectorAll<HTMLInputElement>(selector)) field.disabled = disabled;
}

/** Calls `draw` with the next picture: once, however often it is asked for before. */
export function withNextPicture(draw: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      draw();
    });
  };
}

/** Gives the browser a file to save. */
export function saveFile(name: string, bytes: Uint8Array | string, type = 'application/octet-stream'): void {
  const link = make('a', { download: name });
  link.href = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
  link.click();
  URL.revokeObjectURL(link.href);
}

/** 12,345. */
export const count = (value: number) => Math.round(value).toLocaleString('en');

/** 1 row, 2 rows. */
export const plural = (value: number, word: string) => `${count(value)} ${word}${value === 1 ? '' : 's'}`;

export const percent = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`;
