/**
 * Question 7's experiments, in the order in which one decides the next: learning rates, batch sizes at the
 * best rate, long runs of the best of these, more seeds of the winner, and with the number of epochs that
 * these speak for the final runs on all images. The test set is met there and nowhere else.
 */
import { DataError } from '../../base/errors.js';
import type { AssignmentSession } from '../tasks.js';
import {
  bestPoint,
  compare,
  curve,
  finalist,
  lossBand,
  minima,
  type Run,
  ranked,
  spread,
  winner,
} from './statistics.js';
import type { ExperimentPlan, ExperimentsResult, FinalResult, RunConfig } from './types.js';

/** Epochs of the band of the loss by step: later the curve is flat. */
const BAND_EPOCHS = 5;

const STAGES = {
  rates: 'learning rates',
  batches: 'batch sizes',
  finalists: 'finalists',
  curves: 'long runs',
  final: 'final runs',
} as const;

/** Tells the session's progress what is to come. Costs are samples trained. */
export function expectExperiments({ progress }: AssignmentSession, plan: ExperimentPlan): void {
  const { compareEpochs, compareSeeds, trainSize, curveEpochs, curveSeeds } = plan;
  const comparison = trainSize * compareEpochs;
  progress.expect(STAGES.rates, plan.learningRates.length * compareSeeds.length, comparison);
  progress.expect(STAGES.batches, plan.batchSizes.length * compareSeeds.length, comparison);
  progress.expect(STAGES.finalists, plan.finalists * compareSeeds.length, trainSize * curveEpochs);
  progress.expect(STAGES.curves, curveSeeds.length, trainSize * curveEpochs);
  progress.expect(STAGES.final, plan.finalSeeds.length, plan.fullSize * curveEpochs);
}

/**
 * Does all of it. Call `expectExperiments` first.
 *
 * @throws DataError when nothing trains, RunError when a run fails, the signal's reason when it is aborted.
 */
export async function runExperiments(
  session: AssignmentSession,
  plan: ExperimentPlan,
): Promise<ExperimentsResult> {
  const distinct = new Set<string>();
  const run = async (stage: string, label: string, config: RunConfig): Promise<Run> => {
    const result = await session.run(stage, `${label}, seed ${config.seed}`, 'fit', config);
    distinct.add(JSON.stringify(config));
    return { config, result };
  };
  const short: RunConfig = {
    set: 'train',
    trainSize: plan.trainSize,
    validationSize: plan.validationSize,
    hidden: plan.hidden,
    learningRate: 0,
    batchSize: plan.batchSize,
    epochs: plan.compareEpochs,
    seed: 0,
    window: plan.window,
    test: false,
    units: 0,
  };

  const rates = await eachSetting(plan.learningRates, plan.compareSeeds, (learningRate, seed) =>
    run(STAGES.rates, `learning rate ${learningRate}`, { ...short, learningRate, seed }),
  );
  const [{ learningRate }] = ranked(rates);
  const batches = await eachSetting(plan.batchSizes, plan.compareSeeds, (batchSize, seed) =>
    run(STAGES.batches, `batch size ${batchSize}`, { ...short, learningRate, batchSize, seed }),
  );
  // What is fast in a few epochs need not be best in many: the first ones get the chance to show it.
  const candidates = ranked(batches).slice(0, plan.finalists);
  session.progress.expect(
    STAGES.finalists,
    candidates.length * plan.compareSeeds.length,
    plan.trainSize * plan.curveEpochs,
  );
  const train = (stage: string, batchSize: number, seeds: readonly number[]) =>
    Promise.all(
      seeds.map((seed) => {
        const label = `batch size ${batchSize}, ${plan.curveEpochs} epochs`;
        return run(stage, label, { ...short, learningRate, batchSize, epochs: plan.curveEpochs, seed });
      }),
    );
  const finalists = (
    await Promise.all(
      candidates.map(({ batchSize }) => train(STAGES.finalists, batchSize, plan.compareSeeds)),
    )
  ).map(finalist);
  const { batchSize } = winner(finalists);
  const long = await train(STAGES.curves, batchSize, plan.curveSeeds);
  const points = curve(long);
  const choice = { learningRate, batchSize, epochs: bestPoint(points).epoch };
  session.progress.expect(STAGES.final, plan.finalSeeds.length, plan.fullSize * choice.epochs);
  const last = await Promise.all(
    plan.finalSeeds.map((seed) =>
      run(STAGES.final, 'all images', {
        ...short,
        learningRate,
        batchSize,
        set: 'full',
        trainSize: plan.fullSize,
        validationSize: 0,
        epochs: choice.epochs,
        seed,
        test: true,
        units: plan.units,
      }),
    ),
  );
  return {
    plan,
    engine: last[0].result.engine,
    rates,
    batches,
    finalists,
    choice,
    curve: points,
    minima: minima(long),
    band: lossBand(long, BAND_EPOCHS),
    final: summarize(last),
    runs: distinct.size,
  };
}

/** Runs every value with every seed, all at once, and compares the values. */
async function eachSetting(
  values: readonly number[],
  seeds: readonly number[],
  run: (value: number, seed: number) => Promise<Run>,
) {
  const runs = values.map((value) => Promise.all(seeds.map((seed) => run(value, seed))));
  return (await Promise.all(runs)).map(compare);
}

function summarize(runs: readonly Run[]): FinalResult {
  const tests = runs.map(({ result: { test, diverged } }) => {
    if (test) return test;
    throw new DataError('experiments', `a final run was not tested: ${diverged}`);
  });
  const [{ config, result }] = runs;
  if (!result.units) throw new DataError('experiments', 'the final run kept no hidden units');
  return {
    trainSize: config.trainSize,
    seeds: runs.map((run) => run.config.seed),
    accuracy: spread(tests.map(({ accuracy }) => accuracy)),
    loss: spread(tests.map(({ loss }) => loss)),
    accuracies: tests.map(({ accuracy }) => accuracy),
    tests,
    units: result.units,
    weightsSha256: result.weightsSha256,
  };
}
