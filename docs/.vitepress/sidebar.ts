/**
 * What stands beside the pages. Of the reference it is its entries and kinds alone, each of which has a table: four hundred
 * links in each of as many pages would weigh more than all they say.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

type Item = DefaultTheme.SidebarItem;

const docs = fileURLToPath(new URL('..', import.meta.url));
const page = (text: string, link: string): Item => ({ text, link });

const kinds = {
  functions: 'Functions',
  classes: 'Classes',
  interfaces: 'Interfaces',
  'type-aliases': 'Types',
  variables: 'Constants',
};

/** The reference of one entry of the package. */
function entry(path: string): Item {
  const items = Object.entries(kinds)
    .filter(([folder]) => existsSync(`${docs}api/${path}/${folder}`))
    .map(([folder, text]) => page(text, `/api/${path}/#${folder}`));
  return { text: path, link: `/api/${path}/`, items };
}

const entries = [
  'lanegrad',
  ...['node', 'tables', 'trainer', 'reference', 'assignment'].map((name) => `lanegrad/${name}`),
];

const reading: Item[] = [
  {
    text: 'Begin',
    items: [
      page('What it is', '/'),
      page('Tutorial', '/tutorial'),
      page('Recipes', '/recipes'),
      page('Examples', '/examples/'),
    ],
  },
  {
    text: 'Guide',
    items: [
      page('A first model', '/guide/first-model'),
      page('Your own data', '/guide/your-own-data'),
      page('Data larger than memory', '/guide/streaming'),
      page('Models and training', '/guide/training'),
      page('Images', '/guide/images'),
      page('Tables', '/guide/tables'),
      page('Networks of any shape', '/guide/networks'),
      page('Fine-tuning', '/guide/fine-tuning'),
      page('Models of other programs', '/guide/other-models'),
      page('Stopping and going on', '/guide/resume'),
      page('Serving a model', '/guide/serving'),
      page('Sweeps', '/guide/sweeps'),
      page('Projects, files and pipes', '/guide/command-line'),
      page('To other programs and back', '/guide/formats'),
      page('Looking and checking', '/guide/checking'),
      page('Engines and threads', '/guide/threads'),
      page('In the browser', '/guide/browser'),
    ],
  },
  {
    text: 'Coming from',
    items: [
      page('PyTorch', '/coming-from/pytorch'),
      page('Keras', '/coming-from/keras'),
      page('TensorFlow.js', '/coming-from/tensorflow-js'),
      page('brain.js', '/coming-from/brain-js'),
      page('scikit-learn', '/coming-from/scikit-learn'),
      page('All that differs from PyTorch', '/guide/pytorch'),
    ],
  },
  {
    text: 'Look up',
    items: [
      page('Reference', '/api/'),
      page('Command line', '/command-line'),
      page('Options of train', '/guide/options'),
      page('Errors', '/errors'),
      page('Operators of ONNX', '/guide/onnx-operators'),
      page('Numerics', '/numerics'),
      page('Trust', '/trust'),
    ],
  },
  {
    text: 'Behind it',
    items: [
      page('How it works', '/how-it-works'),
      page('Benchmarks', '/benchmarks'),
      page('Extending lanegrad', '/extending'),
      page('The gradients, derived', '/derivations'),
      page('The assignment', '/assignment'),
    ],
  },
  {
    text: 'Project',
    items: [
      page('Contributing', '/project/contributing'),
      page('Changes', '/project/changelog'),
      page('Security', '/project/security'),
      page('Conventions of kernels', '/project/kernels'),
    ],
  },
];

/** Of all pages, by the path that they begin with. */
export const sidebar: DefaultTheme.SidebarMulti = {
  '/api/': [{ text: 'Reference', link: '/api/', items: entries.map(entry) }],
  '/': reading,
};
