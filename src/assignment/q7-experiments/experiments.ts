/**
 * Question 7's experiments, in the order in which one decides the next: learning rates, batch sizes at the
 * best rate, long runs of the best of these, more seeds of the winner, and with the number of epochs that
 * these speak for the final runs on all images. The test set is met there and nowhere else.
 */
import { DataError } from '../../base/errors.js';
import type { Session } from '../session.js';
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
export function expectExperiments({ progress }: Session, plan: ExperimentPlan): void {
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
export async function runExperiments(session: Session, plan: ExperimentPlan): Promise<ExperimentsResult> {
  const distinct = new Set<string>();
  /** Each setting with each seed, all at once; the runs of a setting together. */
  const run = async (
    stage: string,
    seeds: readonly number[],
    settings: readonly { label: string; config: RunConfig }[],
  ): Promise<Run[][]> => {
    const wanted = settings.flatMap(({ label, config }) =>
      seeds.map((seed) => ({ label: `${label}, seed ${seed}`, settings: { ...config, seed } })),
    );
    for (const { settings: config } of wanted) distinct.add(JSON.stringify(config));
    const results = await session.run(stage, 'fit', wanted);
    const runs = wanted.map(({ settings: config }, i): Run => ({ config, result: results[i] }));
    return settings.map((_, i) => runs.slice(i * seeds.length, (i + 1) * seeds.length));
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

  const ofRates = plan.learningRates.map((learningRate) => ({
    label: `learning rate ${learningRate}`,
    config: { ...short, learningRate },
  }));
  const rates = (await run(STAGES.rates, plan.compareSeeds, ofRates)).map(compare);
  const [{ learningRate }] = ranked(rates);
  const ofSizes = plan.batchSizes.map((batchSize) => ({
    label: `batch size ${batchSize}`,
    config: { ...short, learningRate, batchSize },
  }));
  const batches = (await run(STAGES.batches, plan.compareSeeds, ofSizes)).map(compare);
  // What is fast in a few epochs need not be best in many: the first ones get the chance to show it.
  const candidates = ranked(batches).slice(0, plan.finalists);
  session.progress.expect(
    STAGES.finalists,
    candidates.length * plan.compareSeeds.length,
    plan.trainSize * plan.curveEpochs,
  );
  const long = ({ batchSize }: { readonly batchSize: number }) => ({
    label: `batch size ${batchSize}, ${plan.curveEpochs} epochs`,
    config: { ...short, learningRate, batchSize, epochs: plan.curveEpochs },
  });
  const finalists = (await run(STAGES.finalists, plan.compareSeeds, candidates.map(long))).map(finalist);
  const { batchSize } = winner(finalists);
  const [curves] = await run(STAGES.curves, plan.curveSeeds, [long({ batchSize })]);
  const points = curve(curves);
  const choice = { learningRate, batchSize, epochs: bestPoint(points).epoch };
  session.progress.expect(STAGES.final, plan.finalSeeds.length, plan.fullSize * choice.epochs);
  const config: RunConfig = {
    ...{ ...short, ...choice, set: 'full' },
    ...{ trainSize: plan.fullSize, validationSize: 0, test: true, units: plan.units },
  };
  const [last] = await run(STAGES.final, plan.finalSeeds, [{ label: 'all images', config }]);
  return {
    plan,
    engine: last[0].result.engine,
    rates,
    batches,
    finalists,
    choice,
    curve: points,
    minima: minima(curves),
    band: lossBand(curves, BAND_EPOCHS),
    final: summarize(last),
    runs: distinct.size,
  };
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
