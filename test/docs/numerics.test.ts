/** docs/numerics.md names every operation of a graph, and all else that computes; and the version of the contract. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { numericsVersion } from '../../src/engine/numerics.js';
import { activations } from '../../src/nn/activations.js';
import { initializerNames } from '../../src/nn/initializers.js';
import { lossNames } from '../../src/nn/losses.js';
import { optimizerNames } from '../../src/nn/optimizers.js';
import { transformNames } from '../../src/nn/transforms/named.js';
import { operations } from '../../src/ops/registry.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/numerics.md', import.meta.url)), 'utf8');
const chapter = (title: string) => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
const missing = (names: Iterable<string>, text = page) =>
  [...names].filter((name) => !text.includes(`\`${name}\``));

describe('the page of numerics names', () => {
  test('every operation that a graph may be made of', () => {
    expect(operations.size).toBeGreaterThan(40);
    expect(missing(operations.keys())).toEqual([]);
  });

  test('every activation', () => {
    expect(missing(activations, chapter('Element by element'))).toEqual([]);
  });

  test('every loss, optimizer, transform and initializer, where it belongs', () => {
    expect(missing(lossNames, chapter('Losses'))).toEqual([]);
    expect(missing([...optimizerNames, ...transformNames], chapter('Optimizers'))).toEqual([]);
    expect(missing(initializerNames, chapter('What is drawn'))).toEqual([]);
  });

  test('the version', () => {
    expect(page).toContain(`**numerics version ${numericsVersion}**`);
  });
});
