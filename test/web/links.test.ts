/** What stands in the links of the demo page's parts: it comes back as it was, and nonsense is as usual. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as images from '../../web/src/parts/images/settings.js';
import { featureNames } from '../../web/src/parts/playground/features.js';
import { COUNT, EXTENT, makePoints, setNames } from '../../web/src/parts/playground/points.js';
import * as playground from '../../web/src/parts/playground/settings.js';
import * as table from '../../web/src/parts/table/settings.js';
import { readRoute } from '../../web/src/shared/route.js';

const again = (query: URLSearchParams) => new URLSearchParams(query.toString());
const oneOf = (choices: readonly (readonly [string, string])[]) =>
  fc.constantFrom(...choices.map(([value]) => value));
const number = (choices: readonly (readonly [string, string])[]) => oneOf(choices).map(Number);
const { choices } = playground;

const playgroundSettings: fc.Arbitrary<playground.Settings> = fc.record({
  data: fc.constantFrom(...setNames),
  noise: fc.constantFrom(0, 0.05, 0.25, 0.5),
  share: fc.constantFrom(0.1, 0.5, 0.9),
  features: fc.subarray([...featureNames], { minLength: 1 }),
  layers: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 5 }),
  activation: oneOf(choices.activation) as fc.Arbitrary<playground.Settings['activation']>,
  optimizer: oneOf(choices.optimizer) as fc.Arbitrary<playground.OptimizerName>,
  rate: number(choices.rate),
  batch: number(choices.batch),
  l1: number(choices.l1),
  l2: number(choices.l2),
  dropout: number(choices.dropout),
  seed: fc.integer({ min: 0, max: 999_999 }),
  speed: number(choices.speed),
});

test('the playground', () => {
  fc.assert(
    fc.property(playgroundSettings, (settings) => {
      expect(playground.readSettings(again(playground.writeSettings(settings)))).toEqual(settings);
    }),
  );
  expect(playground.writeSettings(playground.defaults).toString()).toBe('');
  const nonsense = 'data=cube&noise=7&share=&features=z&layers=9-99&rate=fast&batch=-1&seed=1.5&speed=x';
  expect(playground.readSettings(new URLSearchParams(nonsense))).toEqual(playground.defaults);
});

test('the table', () => {
  const link: table.TableLink = {
    example: 'iris',
    target: 'a=b&c',
    task: 'regression',
    types: { 'x=y': 'number', z: 'drop' },
    train: { hidden: [128, 64], dropout: 0, rate: 0.01, batch: 8, epochs: 3, seed: 7 },
  };
  expect(table.readLink(again(table.writeLink(link)))).toEqual(link);
  const linear = { ...link, train: { hidden: [] } };
  expect(table.readLink(again(table.writeLink(linear)))).toEqual(linear);
  expect(table.readLink(new URLSearchParams('task=poetry&type=a=verse&hidden=1-x&epochs=many'))).toEqual({
    ...{ example: undefined, target: undefined, task: undefined },
    ...{ types: {}, train: {} },
  });
});

test('the images', () => {
  const link: images.Link = {
    ...images.defaults,
    filters: 8,
    mirror: false,
    example: false,
    classes: ['a&b', 'c,d'],
  };
  expect(images.readLink(again(images.writeLink(link)))).toEqual(link);
  const nonsense = 'filters=1000&epochs=&rate=-1&class=';
  expect(images.readLink(new URLSearchParams(nonsense))).toEqual({
    ...images.defaults,
    example: false,
    classes: [],
  });
});

test('the part and its settings are behind the hash; links of older versions are those of the digits', () => {
  const route = (hash: string, search = '') => {
    const { part, query } = readRoute({ hash, search });
    return [part, query.toString()];
  };
  expect(route('')).toEqual(['digits', '']);
  expect(route('', '?hidden=16')).toEqual(['digits', 'hidden=16']);
  expect(route('#digits?hidden=32', '?hidden=16')).toEqual(['digits', 'hidden=32']);
  expect(route('#table?target=a%3Fb')).toEqual(['table', 'target=a%3Fb']);
  expect(route('#nothing?x=1')).toEqual(['digits', '']);
});

test.each(setNames)('points: %s', (name) => {
  const options = { noise: 0.2, share: 0.3, seed: 5 };
  const { train, test } = makePoints(name, options);
  expect([train.answers.length, test.answers.length]).toEqual([0.3 * COUNT, 0.7 * COUNT]);
  for (const { at, answers } of [train, test]) {
    expect(at.every((value) => Math.abs(value) <= EXTENT)).toBe(true);
    expect(answers.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(new Set(answers.map(Math.sign)).size).toBeGreaterThan(1);
  }
  expect(makePoints(name, options)).toEqual({ train, test });
  expect(makePoints(name, { ...options, seed: 6 }).train.at).not.toEqual(train.at);
});
