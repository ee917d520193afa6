/** What depends on the optimizer when nothing is said, and the words for it in help. */
import { OptionError } from '../base/errors.js';
import { type Choice, partsOf } from '../base/settings.js';
import { type OptimizerName, optimizerNames, optimizerOf } from '../nn/optimizers.js';

/**
 * Adaptive optimizers take the rate that they have in the library, but for rmsprop, whose 0.01 is too large
 * for these networks.
 */
const RATES: Partial<Record<OptimizerName, number>> = { rmsprop: 0.001 };

/** Momentum multiplies what a step comes to by 1 / (1 - momentum). */
export function defaultRate(settings: {
  readonly optimizer?: Choice<OptimizerName>;
  readonly activation: string;
  readonly momentum?: number;
}): number {
  const { optimizer = 'sgd', activation } = settings;
  const { kind, options } = partsOf(optimizer);
  const { momentum = options.momentum } = settings;
  if (kind === 'sgd') return (activation === 'sigmoid' ? 1 : 0.1) * Math.max(1 - Number(momentum ?? 0), 0.01);
  return RATES[kind] ?? optimizerOf({ kind }).learningRate;
}

/** For help: the rate of each optimizer, or that it has none of its own. */
export function describeRates(): string {
  const others = optimizerNames.filter((name) => name !== 'sgd');
  const rates = describeEach(others, (optimizer) =>
    hasRate(optimizer) ? defaultRate({ optimizer, activation: 'relu' }) : 'required',
  );
  return `sgd: 1 with sigmoid, else 0.1, less with momentum; ${rates}`;
}

function hasRate(kind: OptimizerName): boolean {
  try {
    return RATES[kind] !== undefined || optimizerOf({ kind }).learningRate > 0;
  } catch (error) {
    if (error instanceof OptionError) return false;
    throw error;
  }
}

/** For help: the weight decay of each optimizer that has one. */
export function describeDecays(): string {
  const decayOf = (kind: OptimizerName) => optimizerOf({ kind, learningRate: 1 }).config.weightDecay ?? 0;
  const decaying = optimizerNames.filter((name) => decayOf(name) !== 0);
  return `0; ${describeEach(decaying, decayOf)}`;
}

/** Names of equal values stand together. */
function describeEach(names: readonly OptimizerName[], value: (name: OptimizerName) => unknown): string {
  const byValue = new Map<unknown, string[]>();
  for (const name of names) byValue.set(value(name), [...(byValue.get(value(name)) ?? []), name]);
  return [...byValue].map(([each, own]) => `${own.join(', ')}: ${each}`).join('; ');
}
