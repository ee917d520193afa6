/**
 * Whether the targets of a set are numbers that the loss can take. Loaded only where there are targets: most sets
 * have labels.
 */
import { DataError } from '../base/errors.js';
import { answersOf, type Dataset } from '../data/set.js';
import { headsOf } from '../nn/head.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { checkFits, matched } from './check.js';

/** As `checkFits`; and throws DataError, with the row, for targets that the loss cannot take. */
export function checkFitsTargets(
  where: string,
  name: string,
  model: Network,
  set: Dataset,
  loss: Loss,
): void {
  checkFits(where, name, model, set, loss);
  checkTargets(where, name, model, set, loss);
}

/** Throws DataError, with the row, for targets that the loss cannot take, of a set that fits the model. */
export function checkTargets(where: string, name: string, model: Network, set: Dataset, loss: Loss): void {
  const heads = headsOf(where, model, loss);
  const answers = matched(where, name, 'output', model.outputs, answersOf(set));
  for (const [i, [port, { targets }]] of answers.entries()) {
    const place = port === undefined ? `${where}, ${name}` : `${where}, ${name}, ${port}`;
    const { loss: own, size } = heads[i];
    if (own.link !== 'identity' && !own.compute && targets)
      checkShares(place, targets, size, own.link === 'softmax');
  }
}

/** How far the probabilities of a row may be from adding up to 1: those of half precision are. */
const SUM_TOLERANCE = 1e-3;

/**
 * Binary cross-entropy has no least value where a target is beyond 0 … 1; nor do probabilities mean anything
 * that are not such.
 */
function checkShares(where: string, targets: Float32Array, width: number, addUp: boolean): void {
  const bad = targets.findIndex((target) => !(target >= 0 && target <= 1));
  if (bad >= 0) {
    const place = `row ${Math.floor(bad / width)}, column ${bad % width}`;
    throw new DataError(where, `target at ${place}: expected a number from 0 to 1, given ${targets[bad]}`);
  }
  for (let at = 0; addUp && at < targets.length; at += width) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += targets[at + i];
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    throw new DataError(
      where,
      `targets of row ${at / width}: expected probabilities that add up to 1, given ${sum}`,
    );
  }
}
