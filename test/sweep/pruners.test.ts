/** Pruners: their rules by hand, and that they look at nothing but what they are given. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hyperbandBrackets } from '../../src/sweep/pruners/halving.js';
import { type PrunerOptions, readPruner } from '../../src/sweep/pruners/named.js';
import { isPruned, type Rule } from '../../src/sweep/pruners/rule.js';
import type { Trial } from '../../src/sweep/trial.js';

const trial = (number: number, values: readonly number[], state: Trial['state'] = 'complete'): Trial => ({
  number,
  state,
  settings: {},
  values: [values.at(-1)!],
  reports: values.map((value, i) => ({ step: i + 1, value })),
  attributes: {},
});
const make = (given: PrunerOptions, most?: number, direction: 'minimize' | 'maximize' = 'minimize') =>
  readPruner('test', given).make({ direction, lag: 2, most });
const reports = (values: readonly number[]) => values.map((value, i) => ({ step: i + 1, value }));
/** The step after which the trial is stopped. */
function stopsAt(rule: Rule, values: readonly number[], direction: 'minimize' | 'maximize' = 'minimize') {
  const at = values.findIndex((_, i) => isPruned(rule, direction, reports(values.slice(0, i + 1))));
  return at < 0 ? undefined : at + 1;
}

describe('successive halving', () => {
  const ended = [8, 7, 6, 5, 4, 3, 2, 1].map((value, i) => trial(i, Array(9).fill(value)));

  it('lets one in three go on at steps 1, 3 and 9', () => {
    const rule = make({ kind: 'successiveHalving' }).rule(9, ended);
    // With itself there are nine: three go on.
    expect(rule.limits).toEqual([
      [1, 3],
      [3, 3],
      [9, 3],
    ]);
    expect(stopsAt(rule, [3.1, 1, 1])).toBe(1);
    expect(stopsAt(rule, [3, 9, 3.1])).toBe(3);
    expect(stopsAt(rule, [3, 9, 3, 9, 9, 9, 9, 9, 3])).toBeUndefined();
  });

  it('goes the other way where more is better', () => {
    const rule = make({ kind: 'successiveHalving', first: 2, factor: 4 }, undefined, 'maximize').rule(
      9,
      ended,
    );
    expect(rule.limits).toEqual([
      [2, 7],
      [8, 7],
    ]);
    expect(stopsAt(rule, [0, 6.9], 'maximize')).toBe(2);
    expect(stopsAt(rule, [0, 7], 'maximize')).toBeUndefined();
  });

  it('takes the first report past a rung for it, and stops nobody alone', () => {
    const { rule } = make('successiveHalving');
    expect(rule(0, []).limits).toEqual([]);
    const sparse: Trial = { ...trial(0, []), reports: [{ step: 5, value: 1 }] };
    expect(isPruned(rule(3, [sparse]), 'minimize', [{ step: 4, value: 2 }])).toBe(true);
  });
});

describe('Hyperband', () => {
  it('has brackets with first rungs 1, 3 and 9, and deals out as published', () => {
    const bracketOf = hyperbandBrackets(1, 3, 9);
    const shares = [9, 5, 3];
    const cycle = Array.from({ length: 17 }, (_, i) => bracketOf(i));
    expect([0, 1, 2].map((s) => cycle.filter((own) => own === s).length)).toEqual(shares);
    expect(bracketOf(17)).toBe(bracketOf(0));
  });

  it('compares within a bracket', () => {
    const pruner = make('hyperband', 9);
    const bracketOf = hyperbandBrackets(1, 3, 9);
    const ended = Array.from({ length: 34 }, (_, i) => trial(i, Array(9).fill(bracketOf(i))));
    for (let number = 34; number < 51; number++) {
      const bracket = bracketOf(number);
      const { limits } = pruner.rule(number, ended);
      expect(limits[0]).toEqual([3 ** bracket, bracket]);
    }
    expect(() => make('hyperband')).toThrow(/expected most, the last step/);
  });
});

describe('the median', () => {
  it('stops whose best is worse, once there are enough', () => {
    const pruner = make({ kind: 'median', startup: 3, warmUp: 1 });
    const ended = [1, 2, 9].map((value, i) => trial(i, [value, value, value]));
    expect(pruner.rule(3, ended.slice(1)).limits).toEqual([]);
    const rule = pruner.rule(4, ended);
    expect(stopsAt(rule, [5, 5, 5])).toBe(2);
    expect(stopsAt(rule, [1.5, 5, 5])).toBeUndefined();
    // Those that were pruned are not among them.
    expect(pruner.rule(5, [...ended, trial(3, [0, 0, 0], 'pruned')]).limits[0]).toEqual([2, 2]);
  });
});

describe('patience', () => {
  it('stops when nothing has got better for so long', () => {
    const rule = make({ kind: 'patience', reports: 2, least: 0.5 }).rule(0, []);
    expect(stopsAt(rule, [9, 8, 7, 6, 5])).toBeUndefined();
    expect(stopsAt(rule, [9, 8, 7.9, 7.8])).toBe(4);
    expect(stopsAt(rule, [1, 2])).toBeUndefined();
  });

  it('holds another one back', () => {
    const ended = [1, 1, 1].map((value, i) => trial(i, Array(9).fill(value)));
    const rule = make({ kind: 'patience', reports: 2, pruner: 'successiveHalving' }).rule(3, ended);
    expect(stopsAt(rule, [9, 8, 7, 6, 5, 4, 3, 2, 1.5])).toBeUndefined();
    expect(stopsAt(rule, [9, 8, 8, 8, 8, 8, 8, 8, 8])).toBe(9);
    expect(make({ kind: 'patience', pruner: 'successiveHalving' }).rule(0, [])).toEqual({
      limits: [],
      of: 'report',
    });
  });
});

it('a rule is the same for the same trials, and who is stopped for the same reports', () => {
  const values = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 12 });
  const kinds = fc.constantFrom<PrunerOptions>('successiveHalving', 'median', 'hyperband', 'patience');
  fc.assert(
    fc.property(kinds, fc.array(values, { maxLength: 20 }), values, (kind, others, own) => {
      const ended = others.map((each, i) => trial(i, each));
      const [one, other] = [0, 1].map(() => make(kind, 9).rule(ended.length + 1, ended));
      // As a worker gets it.
      expect(stopsAt(structuredClone(one!), own)).toBe(stopsAt(other!, own));
    }),
  );
});

it('refuses what it does not know', () => {
  expect(() => readPruner('test', 'asha')).toThrow(/pruner: option kind: expected one of/);
  expect(() => readPruner('test', { kind: 'median', startup: 0 })).toThrow(
    /startup: expected a whole number, at least 1/,
  );
});
