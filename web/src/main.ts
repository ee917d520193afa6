/** The page around the parts: which one the address names is loaded, shown, and told when it is left. */
import './style/figures.css';
import './style/base.css';
import './parts/digits/digits.css';
import { get, say } from './shared/dom.js';
import { showEngineOf } from './shared/engine.js';
import { type Part, type PartName, partNames, readRoute } from './shared/route.js';

const titles: Readonly<Record<PartName, string>> = {
  digits: 'Watch a network learn to read digits',
  playground: 'A neural network, layer by layer',
  table: 'Train on your own table',
  images: 'Train on your own images',
};

/** Each part is fetched when it is first wanted. */
const sources: Readonly<Record<PartName, () => Promise<{ open(root: HTMLElement): Part }>>> = {
  digits: () => import('./parts/digits/digits.js'),
  playground: () => import('./parts/playground/playground.js'),
  table: () => import('./parts/table/table.js'),
  images: () => import('./parts/images/images.js'),
};

const opened = new Map<PartName, Promise<Part>>();
let current: PartName | undefined;

function open(name: PartName): Promise<Part> {
  let part = opened.get(name);
  if (!part) {
    part = sources[name]().then((source) => source.open(get(name)));
    opened.set(name, part);
    part.catch(() => opened.delete(name));
  }
  return part;
}

async function follow(): Promise<void> {
  // The link that skips to the content is no part.
  if (location.hash === '#main') return;
  const { part: name, query } = readRoute();
  const left = current;
  current = name;
  document.documentElement.dataset.part = name;
  document.title = `${titles[name]} · lanegrad`;
  for (const [i, link] of document.querySelectorAll('nav a').entries()) {
    if (partNames[i] === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  showEngineOf(name);
  say('problem', '');
  if (left && left !== name) {
    scrollTo(0, 0);
    get('main').focus({ preventScroll: true });
    opened.get(left)?.then(
      (part) => part.hide(),
      () => {},
    );
  }
  try {
    const part = await open(name);
    // Another one may be wanted by now.
    if (current === name) part.show(query);
  } catch (error) {
    if (current === name) say('problem', `This part cannot be loaded: ${(error as Error).message}`);
  }
}

addEventListener('hashchange', () => void follow());
void follow();
