/**
 * The script of a page that is served while it is made (SweepServer): it puts what its server sends into
 * place. What has not changed stays as it is, so that the reader's place, focus, and what is unfolded stay
 * too; a part in which text is selected waits until it no longer is.
 */
interface Message {
  readonly title: string;
  /** Parts that have changed: a section by its id, `header`, or `nav`; and their markup. */
  readonly parts: readonly (readonly [key: string, markup: string])[];
  /** All parts in their order; absent where that has not changed. */
  readonly order?: readonly string[];
}

const main = document.querySelector('main')!;
const waiting = new Map<string, string>();
let order: readonly string[] | undefined;
let busy = false;

function find(key: string): Element | null {
  if (key === 'header' || key === 'nav') return main.querySelector(`:scope > ${key}`);
  return document.getElementById(key);
}

const isSelected = (own: Element) => {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(own, true));
};

function parse(markup: string): Element {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return template.content.firstElementChild!;
}

/** Makes a node like another one, changing only what differs. */
function adapt(own: Element, wanted: Element): void {
  if (own.isEqualNode(wanted)) return;
  for (const { name } of [...own.attributes]) {
    // What the reader has unfolded stays so.
    if (name !== 'open' && !wanted.hasAttribute(name)) own.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (own.getAttribute(name) !== value) own.setAttribute(name, value);
  }
  const after = [...wanted.childNodes];
  const before = [...own.childNodes];
  for (const [index, child] of after.entries()) {
    const old = before[index];
    if (!old) own.append(child);
    else if (old.nodeName !== child.nodeName) old.replaceWith(child);
    else if (old instanceof Element) adapt(old, child as Element);
    else if (old.nodeValue !== child.nodeValue) old.nodeValue = child.nodeValue;
  }
  for (const old of before.slice(after.length)) old.remove();
}

/** Parts that are not there yet come behind those before them; those that are no more go. */
function arrange(): void {
  if (!order) return;
  const keys = order;
  const isPart = (own: Element) => keys.includes(own.id) || keys.includes(own.localName);
  for (const own of [...main.children]) if (!isPart(own)) own.remove();
  let last: Element | null = null;
  for (const key of keys) {
    const own: Element | null = find(key);
    if (own) last = own;
    const markup = own ? undefined : waiting.get(key);
    if (markup === undefined) continue;
    waiting.delete(key);
    const made: Element = parse(markup);
    if (last) last.after(made);
    else main.prepend(made);
    last = made;
  }
  order = undefined;
}

const pause = () => new Promise((resolve) => setTimeout(resolve));

/** One part at a time, so that the page answers in between. */
async function work(): Promise<void> {
  if (busy || document.hidden) return;
  busy = true;
  for (;;) {
    arrange();
    const next = [...waiting].map(([key, markup]) => ({ key, markup, own: find(key) }));
    const ready = next.find(({ own }) => own && !isSelected(own));
    if (!ready) break;
    waiting.delete(ready.key);
    adapt(ready.own!, parse(ready.markup));
    await pause();
  }
  busy = false;
}

const source = new EventSource('events');
source.onmessage = ({ data }: MessageEvent<string>) => {
  const message = JSON.parse(data) as Message;
  document.title = message.title;
  for (const [key, markup] of message.parts) waiting.set(key, markup);
  if (message.order) order = message.order;
  void work();
};
let ended = false;
source.addEventListener('end', () => {
  ended = true;
  source.close();
});
source.onerror = () => {
  // The browser would ask again and again, and fill the console.
  source.close();
  if (!ended) document.getElementById('lost')?.removeAttribute('hidden');
};
// What waited for the reader.
document.addEventListener('selectionchange', () => void work());
document.addEventListener('visibilitychange', () => void work());
