/** What is checked of random networks, and how many are drawn for each: a few in `npm test`, many overnight. */
import fc from 'fast-check';
import { createEngine } from '../../../src/create/engine.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import type { Network } from '../../../src/nn/model.js';
import { examples } from './examples.js';
import { comesBack, runsElsewhere } from './onnx.js';
import { hasItsGradients, isTheSameFromFiles, isTheSameWithoutPasses } from './properties.js';
import { networkOf, operationsOf, type Recipe, recipes } from './recipe.js';
import { compareSteps } from './steps.js';

interface Check {
  readonly name: string;
  /** Whether what has no derivative may stand anywhere: not where differences are taken, or rounding differs. */
  readonly jumps: boolean;
  /** Networks: in `npm test`, and of each hundred of a longer run, where some take longer than others. */
  readonly few: number;
  readonly share: number;
  /** Throws, or expects, where it does not hold; false of a network that it says nothing of. */
  of(model: Network): unknown;
}

export const strict = await createEngine({ backend: 'wasm', math: 'strict', threads: 1 });
const fma = await createEngine({ backend: 'wasm', math: 'fma', threads: 1 });
export const reference = createReferenceEngine({ precision: 'float64' });

/**
 * Numbers of these networks are float32 numbers, so a file that is right says the same function, and float64
 * computes the same but for its own rounding: 2⁻⁵³ for each of a few hundred operations, made larger by slopes
 * of at most some thousand.
 */
const SAME = 1e-9;

/** Of float32 likewise: 2⁻²⁴ for each, and slopes that are rarely above a hundred. Relative above 1. */
const CLOSE = 1e-3;

export const checks: readonly Check[] = [
  { name: 'gradients are central differences', jumps: false, few: 25, share: 100, of: hasItsGradients },
  {
    ...{ name: 'steps of strict arithmetic are within their bounds', jumps: true, few: 25, share: 100 },
    of: (model) => compareSteps(strict, reference, model),
  },
  {
    ...{ name: 'steps of fused arithmetic are within their bounds', jumps: true, few: 12, share: 100 },
    of: (model) => compareSteps(fma, reference, model),
  },
  {
    ...{ name: 'no pass changes a bit', jumps: true, few: 10, share: 30 },
    of: (model) => isTheSameWithoutPasses(strict, model),
  },
  {
    ...{ name: 'files and checkpoints go on with the same bits', jumps: true, few: 10, share: 50 },
    of: (model) => isTheSameFromFiles(strict, model),
  },
  {
    ...{ name: 'ONNX files come back as the same function', jumps: false, few: 10, share: 50 },
    of: (model) => comesBack(model, SAME),
  },
  {
    ...{ name: 'ONNX Runtime predicts the same', jumps: false, few: 4, share: 5 },
    of: (model) => runsElsewhere(model, CLOSE),
  },
];

/** Throws with the smallest network for which it fails; says of how many it held, and of how many operations. */
export async function tryNetworks({ jumps, of }: Check, numRuns: number): Promise<string> {
  let [networks, operations] = [0, 0];
  const property = fc.asyncProperty(recipes(jumps), async (recipe) => {
    const model = networkOf(recipe);
    if (!model || (await of(model)) === false) return;
    networks++;
    operations += operationsOf(model).length;
  });
  const known = examples.filter((recipe) => jumps || !recipe.jumps).map((recipe): [Recipe] => [recipe]);
  await fc.assert(property, { numRuns: numRuns + known.length, examples: known });
  if (networks === 0) throw new Error('none of the networks is one that it says anything of');
  return `${networks} networks of ${operations} operations`;
}
