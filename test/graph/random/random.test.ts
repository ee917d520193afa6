/** Random networks of every primitive: a few in each run of the tests. random.long.test.ts tries many. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as graphFunctions from '../../../src/graph/functions.js';
import * as imageFunctions from '../../../src/graph/image-functions.js';
import { nodesOf } from '../../../src/graph/value.js';
import { activations } from '../../../src/nn/activations.js';
import { makeLayer } from '../../../src/nn/layers.js';
import { graphOf } from '../../../src/nn/model.js';
import { unaries } from '../../../src/ops/arithmetic.js';
import { layerNormOperation } from '../../../src/ops/norm.js';
import { one } from '../../../src/ops/operation.js';
import { operations } from '../../../src/ops/registry.js';
import { checks, reference, strict, tryNetworks } from './checks.js';
import { functions, layers } from './primitives.js';
import { hasItsGradients } from './properties.js';
import { networkOf, operationsOf, type Recipe, recipes } from './recipe.js';
import { compareSteps } from './steps.js';

test.each(checks)('$name', async (check) => {
  await tryNetworks(check, check.few);
});

describe('every primitive', () => {
  test('is among those that are drawn', () => {
    const names = Object.keys({ ...graphFunctions, ...imageFunctions });
    expect(Object.keys(functions).sort()).toEqual(names.sort());
    // The table itself is nobody's but the file readers', who name its kinds where one is unknown.
    const kinds = /expected one of (.*)/.exec(thrownBy(() => makeLayer({ kind: '' }, 0)))![1];
    const known = JSON.parse(`[${kinds}]`) as string[];
    expect(
      Object.keys(layers)
        .filter((name) => name !== 'ofOwn')
        .sort(),
    ).toEqual(known.sort());
  });

  test('is drawn, with each of its forms', () => {
    const drawn = new Set<string>();
    for (const recipe of fc.sample(recipes(), { numRuns: 300, seed: 1 })) {
      const model = networkOf(recipe);
      if (!model) continue;
      for (const { operation, attributes } of nodesOf(graphOf('test', model).outputs)) {
        const own = attributes as Record<string, unknown>;
        for (const form of ['', own.name, own.operation, own.mode, own.form, own.flat]) {
          drawn.add(form === '' ? operation.name : `${operation.name} ${form}`);
        }
      }
    }
    const forms = {
      activation: activations,
      reduce: ['sum', 'mean', 'max', 'min'],
      pad: ['constant', 'reflect', 'edge'],
      upsample2d: ['nearest', 'bilinear'],
      matmul: ['nn', 'nt', 'true', 'false'],
    };
    const all = Object.entries(forms).flatMap(([name, own]) => own.map((form) => `${name} ${form}`));
    expect([...operations.keys(), ...all].filter((name) => !drawn.has(name))).toEqual([]);
  });
});

function thrownBy(run: () => void): string {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was thrown');
}

/** Operations of the smallest network that fails. */
function smallest(jumps: boolean, holds: (recipe: Recipe) => void): string[] {
  const property = fc.property(recipes(jumps), (recipe) => void holds(recipe));
  const { counterexample } = fc.check(property, { numRuns: 2000, seed: 1 });
  expect(counterexample).not.toBeNull();
  return operationsOf(networkOf(counterexample![0])!);
}

describe('a fault that was planted is shown by at most three operations', () => {
  afterEach(() => void vi.restoreAllMocks());

  test('a derivative of the wrong sign', () => {
    vi.spyOn(unaries.cos as Required<typeof unaries.cos>, 'derivative').mockImplementation((rule) => [
      one(rule, unaries.sin, [rule.inputs[0]], {}),
    ]);
    const found = smallest(false, (recipe) => hasItsGradients(networkOf(recipe)!));
    expect(found).toContain('cos');
    expect(found.length).toBeLessThanOrEqual(3);
  });

  test('a norm whose eps is off by a thousandth', () => {
    const operation = layerNormOperation;
    const bind = operation.bind.bind(operation);
    vi.spyOn(operation, 'bind').mockImplementation((binding) => {
      const { eps, affine } = binding.attributes;
      const isFault = (binding.arena.engine as unknown) === strict;
      return bind({ ...binding, attributes: { eps: eps * (isFault ? 1.001 : 1), affine } });
    });
    const found = smallest(true, (recipe) => compareSteps(strict, reference, networkOf(recipe)!));
    expect(found).toContain('layerNorm');
    expect(found.length).toBeLessThanOrEqual(3);
  });
});
