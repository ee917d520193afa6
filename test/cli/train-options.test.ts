/**
 * The options of train: that each arrives where it should, goes into config.json, and is refused in one line
 * when wrong.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModel } from '../../src/formats/model.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-options-'));
  await writeToy(join(root, 'toy'));
});
afterAll(() => rm(root, { recursive: true }));

let runs = 0;
async function train(...options: string[]) {
  const out = `run-${runs++}`;
  const outcome = await lanegrad(root, [
    'train',
    'toy',
    '--hidden',
    '12',
    '--json',
    '--out',
    out,
    ...options,
  ]);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  const config = JSON.parse(await readFile(join(root, out, 'config.json'), 'utf8'));
  const report = await readFile(join(root, out, 'report.html'), 'utf8');
  const lines = (await readFile(join(root, out, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return {
    result: lastObject(outcome),
    config,
    report,
    epochs: lines.map((line) => JSON.parse(line)),
    stderr: outcome.stderr,
  };
}

describe('an optimizer', () => {
  it.each([
    [['sgd'], { kind: 'sgd', learningRate: 1 }],
    [['sgd', '--activation', 'relu'], { learningRate: 0.1 }],
    [
      ['sgd', '--activation', 'relu', '--momentum', '0.9', '--nesterov', '--weight-decay', '1e-4'],
      { learningRate: expect.closeTo(0.01), momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
    ],
    [['adam'], { kind: 'adam', learningRate: 0.001, weightDecay: 0 }],
    [['adamW', '--learning-rate', '0.01'], { kind: 'adamW', learningRate: 0.01, weightDecay: 0.01 }],
    [['rmsprop', '--momentum', '0.5'], { kind: 'rmsprop', momentum: 0.5 }],
    [['adagrad'], { kind: 'adagrad', learningRate: 0.01 }],
  ])('%j', async (words, optimizer) => {
    const { config, epochs } = await train('--epochs', '3', '--optimizer', ...words);
    expect(config.optimizer).toMatchObject(optimizer);
    expect(epochs[2].loss).toBeLessThan(epochs[0].loss);
  });
});

it('a learning rate can be found, and is written down', async () => {
  const { config, stderr } = await train('--epochs', '1', '--learning-rate', 'find');
  expect(config.settings.learningRate).toBeGreaterThan(1e-5);
  expect(config.optimizer.learningRate).toBe(config.settings.learningRate);
  expect(stderr).toContain(
    `learning rate ${config.settings.learningRate}, where the loss falls most steeply`,
  );
});

describe('a schedule', () => {
  // 220 samples by 64 are 4 steps an epoch.
  it.each([
    ['cosine', { kind: 'cosine' }],
    ['step', { kind: 'step', stepSize: 8 }],
    ['oneCycle', { kind: 'oneCycle' }],
  ])('%s', async (name, schedule) => {
    const { config, epochs, report } = await train('--epochs', '5', '--schedule', name);
    expect(config.optimizer.learningRate).toMatchObject(schedule);
    const rates = epochs.map(({ learningRate }) => learningRate);
    expect(new Set(rates).size).toBeGreaterThan(2);
    expect(rates[4]).toBeLessThan(0.1 * Math.max(...rates));
    expect(report).toContain('id="plot-learningRate"');
  });

  it('plateau lowers the rate when validation stops improving', async () => {
    const { epochs } = await train('--epochs', '12', '--schedule', 'plateau', '--learning-rate', '1e-20');
    expect(epochs[0].learningRate).toBe(1e-20);
    const { epochs: real } = await train(
      '--epochs',
      '12',
      '--schedule',
      'plateau',
      '--learning-rate',
      '1e-6',
    );
    expect(real[11].learningRate).toBeLessThan(1e-6);
  });

  it('warms up, by the epoch', async () => {
    const { config, epochs, report } = await train(
      '--epochs',
      '3',
      '--warm-up',
      '1.5',
      '--learning-rate',
      '0.5',
    );
    expect(config.optimizer.learningRate).toMatchObject({
      kind: 'warmUp',
      steps: 6,
      schedule: { learningRate: 0.5 },
    });
    expect(epochs[0].learningRate).toBeLessThan(0.5);
    expect(epochs[2].learningRate).toBe(0.5);
    expect(report).toContain('id="plot-learningRate"');
  });

  it('a constant rate draws no curve', async () => {
    expect((await train('--epochs', '2')).report).not.toContain('plot-learningRate');
  });
});

it('everything against learning by heart, clipping and accumulating', async () => {
  const { config, result } = await train(
    ...[
      '--epochs',
      '2',
      '--activation',
      'gelu',
      '--batch-norm',
      '--dropout',
      '0.2',
      '--input-dropout',
      '0.1',
    ],
    ...[
      '--l1',
      '1e-5',
      '--l2',
      '1e-4',
      '--label-smoothing',
      '0.1',
      '--average-decay',
      '0.9',
      '--class-weights',
      'balanced',
    ],
    ...['--clip-norm', '1', '--clip-value', '0.5', '--accumulate-batches', '2', '--batch-size', '16'],
  );
  expect(config.layers.map(({ kind }: { kind: string }) => kind)).toEqual([
    'dropout',
    'dense',
    'batchNorm',
    'activation',
    'dropout',
    'dense',
  ]);
  expect(config.loss).toEqual({ kind: 'softmaxCrossEntropy', labelSmoothing: 0.1 });
  expect(config.settings).toMatchObject({
    ...{ l1: 1e-5, l2: 1e-4, averageDecay: 0.9, classWeights: 'balanced' },
    ...{ clipNorm: 1, clipValue: 0.5, accumulateBatches: 2, inputDropout: 0.1 },
  });
  // 220 samples by 32.
  expect(result.steps).toBe(14);
});

describe('a loss', () => {
  it('of two classes, with an option of its own; the model remembers it', async () => {
    await writeToy(join(root, 'two'), { classes: 2 });
    const out = ['--hidden', '6', '--epochs', '4', '--out', 'two-run', '--json'];
    const words = ['--loss', 'binaryCrossEntropy:positiveWeight=2'];
    const trained = await lanegrad(root, ['train', 'two', ...out, ...words]);
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
    const config = JSON.parse(await readFile(join(root, 'two-run', 'config.json'), 'utf8'));
    const loss = { kind: 'binaryCrossEntropy', positiveWeight: 2 };
    expect(config).toMatchObject({ loss, settings: { loss } });
    expect(lastObject(trained)).toMatchObject({ layers: [64, 6, 1], test: { accuracy: 1 } });
    const evaluated = lastObject(await lanegrad(root, ['evaluate', 'two-run', 'two', '--json']));
    expect(evaluated.loss).toBe((lastObject(trained).test as { loss: number }).loss);
    const more = await lanegrad(root, ['train', '--resume', 'two-run', '--epochs', '5']);
    expect(more, more.stderr).toMatchObject({ code: 0 });
  });

  it('of a table whose target is a number', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => `${i / 60},${(i % 7) / 7},${i / 30 - (i % 7)}`);
    await writeFile(join(root, 'line.csv'), `a,b,y\n${rows.join('\n')}\n`);
    const words = ['train', 'line.csv', '--target', 'y', '--epochs', '2', '--hidden', '4'];
    for (const [given, kept] of [
      ['meanAbsoluteError', 'meanAbsoluteError'],
      ['huber:delta=0.5', { kind: 'huber', delta: 0.5 }],
    ] as const) {
      const out = `line-${runs++}`;
      const outcome = await lanegrad(root, [...words, '--out', out, '--loss', given]);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      const config = JSON.parse(await readFile(join(root, out, 'config.json'), 'utf8'));
      expect(config).toMatchObject({ loss: kept, settings: { loss: kept } });
    }
    const refused = await lanegrad(root, [...words, '--loss', 'softmaxCrossEntropy']);
    expect(refused.stderr).toMatch(
      /the target is a number: expected one of meanSquaredError, meanAbsoluteError, huber, given/,
    );
    expect(refused.code).toBe(2);
  });
});

it('weights of another model are what training begins with, and must fit', async () => {
  const first = await train('--epochs', '3', '--seed', '2');
  const folder = String(first.result.runDir);
  // A rate that moves nothing leaves the weights as they were.
  const still = ['--epochs', '1', '--learning-rate', '1e-30'];
  const next = await train(...still, '--weights-from', folder);
  expect(next.result.weightsSha256).toBe(first.result.weightsSha256);
  expect(next.config.settings.weightsFrom).toBe(folder);
  expect((await train(...still)).result.weightsSha256).not.toBe(first.result.weightsSha256);
  const words = ['train', 'toy', '--out', 'refused', '--weights-from', `${folder}/model.safetensors`];
  const other = await lanegrad(root, [...words, '--hidden', '10,4']);
  expect(other.stderr).toMatch(
    /model\.safetensors: the weights do not fit the network to be trained: 0\.weight: expected \[64, 10\], given \[64, 12\]; 0\.bias: .*; 2\.weight is missing; 2\.bias is missing\n$/,
  );
  expect(other.code).toBe(1);
  const fewer = await lanegrad(root, [...words, '--hidden', 'none']);
  expect(fewer.stderr).toMatch(/1\.weight is not of this network; 1\.bias is not of this network\n$/);
  await expect(readFile(join(root, 'refused', 'config.json'))).rejects.toThrow();
});

it('what is frozen stays as it was, is written down, and goes on', async () => {
  const first = await train('--epochs', '2', '--seed', '2');
  const parameters = async (folder: string) => {
    const { model } = readModel(await readFile(join(root, folder, 'model.safetensors')), folder);
    return new Map(model.parameters.map(({ name, values }) => [name, values]));
  };
  const given = ['--weights-from', String(first.result.runDir), '--freeze', '0.*, 1.bias'];
  const options = ['--optimizer', 'adam', ...given, '--checkpoint-every', '1epoch', '--epochs'];
  const next = await train(...options, '2');
  expect(next.config.settings.freeze).toEqual(['0.*', '1.bias']);
  const [before, after] = [
    await parameters(String(first.result.runDir)),
    await parameters(String(next.result.runDir)),
  ];
  for (const name of ['0.weight', '0.bias', '1.bias'])
    expect(after.get(name), name).toEqual(before.get(name));
  expect(after.get('1.weight')).not.toEqual(before.get('1.weight'));
  const whole = await train(...options, '4');
  const more = await lanegrad(root, [
    'train',
    '--resume',
    String(next.result.runDir),
    '--epochs',
    '4',
    '--json',
  ]);
  expect(more, more.stderr).toMatchObject({ code: 0 });
  expect(lastObject(more).weightsSha256).toBe(whole.result.weightsSha256);
  for (const [pattern, message] of [
    ['2.*', 'freeze: pattern "2.*" fits none of the parameters 0.weight, 0.bias, 1.weight, 1.bias'],
    ['*', 'all parameters are frozen: nothing can be trained'],
    [',', '--freeze'],
  ]) {
    const refused = await lanegrad(root, [
      'train',
      'toy',
      '--hidden',
      '12',
      '--out',
      'no',
      '--freeze',
      pattern,
    ]);
    expect(refused.stderr).toContain(message);
    expect(refused.code).toBe(2);
  }
});

it('flags of earlier versions are still understood', async () => {
  const { config } = await train(
    '--epochs',
    '1',
    '--accumulate',
    '2',
    '--average',
    '0.9',
    '--schedule',
    'plateau',
  );
  expect(config.settings).toMatchObject({
    accumulateBatches: 2,
    averageDecay: 0.9,
    schedule: 'reduceOnPlateau',
  });
});

describe('a preset', () => {
  it('says what is not said', async () => {
    const { config } = await train('--preset', 'accurate', '--epochs', '1');
    expect(config.settings).toMatchObject({
      hidden: [12],
      epochs: 1,
      optimizer: 'adamW',
      schedule: 'oneCycle',
    });
    // A rate goes with the optimizer that it was chosen for.
    const other = await train(
      '--preset',
      'accurate',
      '--epochs',
      '1',
      '--optimizer',
      'sgd',
      '--schedule',
      'constant',
    );
    expect(other.config.optimizer).toEqual({ kind: 'sgd', learningRate: 0.1 });
  });
});

it('metrics are measured in validation and test, and shown', async () => {
  const { epochs, result, report } = await train('--epochs', '2', '--metrics', 'f1,rocAuc,top5');
  const titles = { f1: 'F1', rocAuc: 'ROC AUC', top5: 'Top 5' };
  const keys = Object.keys(titles);
  expect(Object.keys(epochs[1].validation.metrics)).toEqual(keys);
  expect(Object.keys((result.test as { metrics: object }).metrics)).toEqual(keys);
  expect((result.test as { metrics: Record<string, number> }).metrics.top5).toBe(1);
  for (const [key, title] of Object.entries(titles)) {
    expect(report.includes(`id="plot-${key}"`)).toBe(true);
    expect(report.includes(`Validation ${title}</th>`)).toBe(true);
  }
});

it('early stopping ends a run, and says so', async () => {
  const { result, epochs, stderr } = await train(
    '--epochs',
    '60',
    '--learning-rate',
    '1e-30',
    '--early-stopping',
    '2',
  );
  expect(epochs).toHaveLength(3);
  expect(result).toMatchObject({
    epochs: 3,
    outcome: 'stoppedEarly',
    best: { epoch: 1, restored: true },
    interrupted: false,
  });
  expect(stderr).toMatch(/^stopped early, after epoch 3$/m);
  expect(stderr).toMatch(/^weights +of epoch 1, the best: validation\.loss/m);
});

describe('what is wrong', () => {
  it.each([
    [['--optimizer', 'adamw'], /'adamw' is invalid.*adamW/],
    [['--schedule', 'linear'], /'linear' is invalid/],
    [['--schedule', 'cosin'], /did you mean "cosine"\?/],
    [
      ['--schedule', 'oneCycle:maxLearningRate=1'],
      /expected maxLearningRate to be given by --learning-rate alone/,
    ],
    [
      ['--schedule', 'cosine:minimum=9'],
      /option minimum: expected a finite number, at least 0 and at most 1, given 9/,
    ],
    [['--optimizer', 'adam:beta=0.9'], /unknown option "beta".*did you mean "betas"/],
    [['--optimizer', 'sgd:momentum=0.9', '--momentum', '0.9'], /momentum to be given by --momentum alone/],
    [['--loss', 'hubr'], /'hubr' is invalid.*did you mean "huber"\?/],
    [['--loss', 'huber:delta'], /'huber:delta' is invalid.*such as huber:delta=2/],
    [
      ['--loss', 'huber'],
      /"toy" has classes: expected one of softmaxCrossEntropy, binaryCrossEntropy, given "huber"/,
    ],
    [['--loss', 'binaryCrossEntropy'], /expected softmaxCrossEntropy, as there are 4 classes/],
    [['--loss', 'softmaxCrossEntropy:labelSmoothing=2'], /option labelSmoothing: .*given 2/],
    [['--learning-rate', 'auto'], /greater than 0, or find/],
    [['--momentum', '1'], /at least 0 and less than 1/],
    [['--dropout', '1'], /at least 0 and less than 1/],
    [['--label-smoothing', '-0.1'], /at least 0 and less than 1/],
    [['--l2', '-1'], /Expected a number, at least 0/],
    [['--clip-norm', '0'], /greater than 0/],
    [['--preset', 'best'], /'best' is invalid.*accurate/],
    [['--optimizer', 'adam', '--momentum', '0.9'], /adam has no option momentum/],
    [['--optimizer', 'adam', '--nesterov'], /adam has no option nesterov/],
    [['--nesterov'], /nesterov: expected a momentum above 0/],
    [['--metrics', 'mae'], /"mae" is of regression/],
    [['--full', '--early-stopping', '--monitor', 'validation.loss'], /fit was given no validation set/],
    [['--warm-up', '99', '--epochs', '2'], /warm-up/],
    [['--schedule', 'plateau', '--warm-up', '1'], /reduceOnPlateau cannot follow a warm-up/],
  ])('%j is one line, and leaves nothing', async (words, message) => {
    const outcome = await lanegrad(root, ['train', 'toy', '--out', 'refused', ...words]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
    await expect(readFile(join(root, 'refused', 'config.json'))).rejects.toThrow();
  });
});
