/** The top of the page: what was trained, how well it did, and the figures one asks for first. */
import type { EpochRecord, Evaluation, Score } from '../train/history.js';
import { className, classScores } from './confusion.js';
import { titleOf } from './curves.js';
import { type Html, html } from './escape.js';
import { count, duration, loss, number, percent, plural } from './format.js';
import { type Figure, pageHeader } from './header.js';
import { isRegression } from './regression.js';
import type { RunReport } from './types.js';

/** The header, with the accuracy of the best set there is: test, else validation, else training. */
export function headline(report: RunReport): Html {
  return pageHeader({
    kind: 'training report',
    createdAt: report.createdAt,
    title: report.title,
    notices: [wasInterrupted(report) && interruption(report), earlyStop(report)],
    main: mainScore(report) ?? { name: 'No epoch was finished' },
    figures: figures(report),
    engine: ['Engine', engineLine(report.engine)],
  });
}

/** Whether the run stopped before its last epoch. */
export function wasInterrupted(report: RunReport): boolean {
  return report.facts.interrupted === true || report.history.outcome === 'aborted';
}

/**
 * The validation result of the model's weights: the newest, as fit may validate some epochs only, or that of
 * the epoch restored.
 */
function lastValidated(report: RunReport): EpochRecord | undefined {
  const { best, epochs } = report.history;
  if (best?.restored) return epochs.find((record) => record.epoch === best.epoch);
  return report.history.epochs.findLast((record) => record.validation !== undefined);
}

/** The largest number on the page. */
function mainScore(report: RunReport): Figure | undefined {
  const found = mainAccuracy(report);
  if (!found) return undefined;
  const { name, score, note } = found;
  if (!isRegression(score)) {
    const [value, unit] = percent(score.accuracy).split('\u00a0');
    return { name: `${name} accuracy`, value: value!, unit, note };
  }
  const { r2, rmse } = score.metrics ?? {};
  if (r2 === undefined) return { name: `${name} loss`, value: loss(score.loss), note };
  const errors = rmse === undefined ? note : `root of the mean squared error ${number(rmse)}`;
  return { name: `${name} R²`, value: explained(r2), note: errors };
}

function mainAccuracy(report: RunReport): { name: string; score: Score; note: string } | undefined {
  const { test, history } = report;
  if (test) {
    const right = test.confusion.reduce((sum, row, index) => sum + row[index]!, 0);
    return {
      name: 'Test',
      score: test,
      note: `${count(right)} of ${count(test.size)} samples right`,
    };
  }
  const validated = lastValidated(report);
  if (validated?.validation) {
    return {
      name: 'Validation',
      score: validated.validation,
      note: `after epoch ${validated.epoch}; no test set was used`,
    };
  }
  const last = history.epochs.at(-1);
  if (!last) return undefined;
  return {
    name: 'Training',
    score: last,
    note: `in epoch ${last.epoch}; there was no validation or test set`,
  };
}

function figures(report: RunReport): Figure[] {
  const { test, history, facts } = report;
  const validated = lastValidated(report);
  const last = history.epochs.at(-1);
  const list: Figure[] = [];
  if (test) list.push({ name: 'Test loss', value: loss(test.loss) }, ...measures(report, test));
  if (validated?.validation) {
    const note = `after epoch ${validated.epoch}`;
    if (test) list.push(...scoreFigure('Validation', validated.validation, note));
    list.push({ name: 'Validation loss', value: loss(validated.validation.loss), note });
  }
  if (last && !test) {
    const note = `in epoch ${last.epoch}`;
    if (validated) list.push(...scoreFigure('Training', last, note));
    list.push({ name: 'Training loss', value: loss(last.loss), note });
  }
  const speed = averageSpeed(history.epochs);
  if (speed !== undefined) {
    list.push({
      name: 'Speed',
      value: count(speed),
      unit: 'samples/s',
      note: 'while training',
    });
  }
  const extent = `${plural(history.epochs.length, 'epoch')}, ${plural(history.steps, 'step')}`;
  list.push({ name: 'Training time', value: duration(history.seconds), note: extent });
  list.push({ name: 'Parameters', value: count(facts.parameters), note: facts.layers.join('-') });
  return list;
}

/** Of the test, beside accuracy and loss: every metric that was asked for, and the classes' own measure. */
function measures({ testSet }: RunReport, test: Evaluation): Figure[] {
  // What stands in the largest number and its note is not said twice.
  const { r2: _r2, rmse: _rmse, mae, ...metrics } = test.metrics ?? {};
  const named = Object.entries(metrics).map(([name, value]) => ({
    name: `Test ${titleOf(name)}`,
    value: loss(value),
  }));
  if (isRegression(test)) {
    const error = { name: 'Mean absolute error', value: number(mae ?? Number.NaN), note: 'of the test' };
    return mae === undefined ? named : [error, ...named];
  }
  if ('f1' in metrics) return named;
  // Where a class is rare, accuracy says little. F1 is 2pr / (p + r); a class without samples has none.
  const scores = classScores(test.confusion).map(({ recall, precision }) =>
    Number.isNaN(recall) ? Number.NaN : (2 * recall * precision) / (recall + precision) || 0,
  );
  const own = scores.filter((score) => !Number.isNaN(score));
  if (own.length === 0) return named;
  const f1 =
    scores.length === 2
      ? { name: `Test F1 of ${className(testSet, 1)}`, value: scores[1] }
      : { name: 'Test F1', value: own.reduce((sum, score) => sum + score, 0) / own.length };
  const note = scores.length === 2 ? 'of precision and recall' : 'mean of the classes';
  return Number.isNaN(f1.value) ? named : [{ ...f1, value: f1.value.toFixed(3), note }, ...named];
}

/** Accuracy, or the measures of a regression that were asked for. */
function scoreFigure(name: string, score: Score, note: string): Figure[] {
  if (!isRegression(score)) return [{ name: `${name} accuracy`, value: percent(score.accuracy), note }];
  const { r2 } = score.metrics ?? {};
  return r2 === undefined ? [] : [{ name: `${name} R²`, value: explained(r2), note }];
}

/** R², which one sample does not have. */
function explained(r2: number): string {
  return Number.isNaN(r2) ? 'undefined' : r2.toFixed(3);
}

/** Samples over seconds of the whole run; the mean of the epochs' speeds would favour the fast ones. */
function averageSpeed(epochs: readonly EpochRecord[]): number | undefined {
  const seconds = epochs.reduce((sum, record) => sum + record.seconds, 0);
  if (!(seconds > 0)) return epochs.at(-1)?.samplesPerSecond;
  return epochs.reduce((sum, record) => sum + record.samplesPerSecond * record.seconds, 0) / seconds;
}

function engineLine(engine: RunReport['engine']): string | undefined {
  const { math, turbo, threads, runtime } = engine;
  const words: string[] = [];
  if (typeof math === 'string') words.push(math);
  if (turbo === true) words.push('turbo');
  if (typeof threads === 'number') words.push(plural(threads, 'thread'));
  if (typeof runtime === 'string') words.push(runtime);
  return words.length > 0 ? words.join(' · ') : undefined;
}

function interruption(report: RunReport): Html {
  const { epochs, steps } = report.history;
  return html`<p class="notice"><strong>This run was interrupted</strong> after ${plural(steps, 'step')},
with ${plural(epochs.length, 'epoch')} finished. The model is as it was at that step; curves and validation end with the last whole epoch.</p>`;
}

/** Which epoch's weights the model has, where those are not the last one's. */
function earlyStop({ history: { best, outcome, epochs } }: RunReport): Html | undefined {
  if (!best || outcome === 'aborted') return undefined;
  const end = outcome === 'stoppedEarly' ? 'Training stopped early' : 'Training ended';
  const weights = best.restored
    ? html` The model has the weights of epoch ${best.epoch}, the best by ${best.monitor}.`
    : html` Epoch ${best.epoch} was the best by ${best.monitor}; the model has the weights of the last.`;
  return html`<p class="notice">${end} after ${plural(epochs.length, 'epoch')}.${weights}</p>`;
}
