/** The page of a study, what it says matters, and the command of the best settings. */

import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TrainOptions, toSettings, trainOptions } from '../../src/cli/train-options.js';
import { loadUplot } from '../../src/report/node.js';
import { commandOf } from '../../src/sweep/command.js';
import { trialsCsv } from '../../src/sweep/csv.js';
import type { DefinitionJson } from '../../src/sweep/definition.js';
import { importances } from '../../src/sweep/report/importance.js';
import { renderSweep } from '../../src/sweep/report/page.js';
import { Space, type SpaceOptions, type TrialSettings } from '../../src/sweep/space.js';
import { sweep } from '../../src/sweep/sweep.js';
import type { Trial } from '../../src/sweep/trial.js';
import { spaces } from './helpers.js';

const uplot = await loadUplot();
const definition = (space: SpaceOptions, directions: DefinitionJson['directions'] = ['minimize']) => ({
  ...{ space, directions, sampler: { kind: 'random' }, pruner: { kind: 'none' }, seed: 1, lag: 4 },
});
const render = (space: SpaceOptions, trials: readonly Trial[], directions?: DefinitionJson['directions']) =>
  renderSweep(
    {
      name: 'study',
      createdAt: '2026-01-01T00:00:00Z',
      total: 99,
      trials,
      definition: definition(space, directions),
    },
    uplot,
  );

describe('the page', () => {
  it('is whole and has no NaN in it, whatever the trials came to', async () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(Number.NaN),
      fc.constant(3),
    );
    await fc.assert(
      fc.asyncProperty(spaces, fc.array(value, { maxLength: 12 }), async (space, values) => {
        const { trials } = await sweep({
          objective: (trial) => {
            if (trial.number % 3 === 0) trial.report(1, 1);
            return values[trial.number]!;
          },
          ...{ space, sampler: 'random', trials: Math.max(1, values.length) },
        });
        const page = render(space, trials);
        expect(page.startsWith('<!DOCTYPE html>') && page.endsWith('</html>\n')).toBe(true);
        // In what is drawn.
        expect(page).not.toMatch(/ (?:d|cx|cy|x|y|viewBox|style)="[^"]*(?:NaN|undefined|Infinity)/);
        for (const [open, close] of [
          ['<section', '</section>'],
          ['<svg', '</svg>'],
          ['<table', '</table>'],
        ] as const) {
          expect(page.split(open).length).toBe(page.split(close).length);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('lets nothing through that a name or a reason holds', async () => {
    const evil = `<img src=x onerror="alert('1')">`;
    const space: SpaceOptions = { [evil]: { kind: 'choice', values: [evil, 'b'] } };
    const { trials } = await sweep({
      objective: ({ number }) => {
        if (number === 1) throw new Error(evil);
        return number;
      },
      ...{ space, trials: 12, sampler: 'random' },
    });
    const page = render(space, trials);
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x');
  });

  it('says what is open, and shows a front where there are two objectives', () => {
    const space: SpaceOptions = { x: { kind: 'number', low: 0, high: 1 } };
    const trial = (number: number, values: number[]): Trial => ({
      ...{ number, state: 'complete', settings: { x: number / 9 }, values, reports: [], attributes: {} },
    });
    const page = render(
      space,
      [trial(0, [1, 2]), trial(1, [2, 1]), trial(2, [3, 3])],
      ['minimize', 'minimize'],
    );
    expect(page).toMatch(/96\u00a0trials of 99 are open/);
    expect(page).toContain('2\u00a0trials on the front');
  });
});

describe('what matters', () => {
  it('is the setting on which the value depends', async () => {
    const space: SpaceOptions = {
      strong: { kind: 'number', low: 0, high: 1 },
      weak: { kind: 'integer', low: 1, high: 9 },
      none: { kind: 'choice', values: ['a', 'b', 'c'] },
    };
    const { trials } = await sweep({
      objective: ({ settings }) => (settings.strong as number) + 0.02 * (settings.weak as number),
      ...{ space, trials: 100, sampler: 'sobol' },
    });
    const found = importances(Space.read('test', space), trials, ['minimize']);
    expect(found[0]!.name).toBe('strong');
    expect(found[0]!.share).toBeGreaterThan(0.7);
    expect(found.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(importances(Space.read('test', space), trials.slice(0, 7), ['minimize'])).toEqual([]);
  });
});

describe('the command', () => {
  /** As the command line reads it. */
  function readBack(command: string): unknown {
    const words = command.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'|'$/g, ''));
    const program = new Command().exitOverride().argument('[data]').allowExcessArguments();
    for (const option of trainOptions()) program.addOption(option);
    program.option('--math <math>');
    program.parse(words.slice(2), { from: 'user' });
    return toSettings(String(program.args[0]), program.opts<TrainOptions>());
  }

  it.each<[string, TrialSettings, object]>([
    [
      'numbers',
      { learningRate: 1e-7, epochs: 3, momentum: 0.9 },
      { learningRate: 1e-7, epochs: 3, momentum: 0.9 },
    ],
    ['widths', { hidden: [300, 100] }, { hidden: [300, 100] }],
    ['no widths', { hidden: [] }, { hidden: [] }],
    [
      'switches',
      { batchNorm: true, shuffle: false, nesterov: true },
      { batchNorm: true, shuffle: false, nesterov: true },
    ],
    ['switches that are off', { batchNorm: false, shuffle: true }, { shuffle: true }],
    [
      'a choice with options',
      { optimizer: { kind: 'adam', betas: [0.9, 0.98], eps: 1e-6 } },
      { optimizer: { kind: 'adam', betas: [0.9, 0.98], eps: 1e-6 } },
    ],
    ['layers', { layers: 'conv 8 3 same, pool, dense 9' }, { layers: 'conv 8 3 same, pool, dense 9' }],
    [
      'augmentation',
      { augment: { shift: 2, flip: 'both', mixup: 0.2 } },
      { augment: { shift: 2, flip: 'both', mixup: 0.2 } },
    ],
    [
      'early stopping',
      { earlyStopping: { patience: 4, monitor: 'validation.loss' } },
      { earlyStopping: { patience: 4, monitor: 'validation.loss' } },
    ],
    ['a size', { imageSize: [32, 24] }, { imageSize: [32, 24] }],
    ['metrics', { metrics: ['f1', 'rocAuc'] }, { metrics: ['f1', 'rocAuc'] }],
  ])('says %s as they are read', (_, settings, expected) => {
    const command = commandOf({ data: 'my data', settings: { loss: 'softmaxCrossEntropy' } }, settings);
    expect(readBack(command)).toMatchObject({ ...expected, source: 'my data', loss: 'softmaxCrossEntropy' });
  });
});

it('CSV quotes what needs it', () => {
  const trial: Trial = {
    ...{
      number: 0,
      state: 'failed',
      settings: { a: [1, 2] },
      reports: [],
      attributes: {},
      reason: 'a "b",\nc',
    },
  };
  expect(trialsCsv([trial])).toBe(
    'number,state,value,a,steps,reason,started,ended\n0,failed,,"[1,2]",,"a ""b"",\nc",,\n',
  );
});
