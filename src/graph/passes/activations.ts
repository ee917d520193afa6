/**
 * What follows a product or a convolution element by element goes into its end, so that the result is written
 * once: an activation into the product before it, and an activation's derivative into the product that makes
 * the gradient above it. Not where the product itself is read as well.
 */
import { type ActivationAttributes, activation, activationGradient, isFused } from '../../ops/activations.js';
import type { End } from '../../ops/operation.js';
import { makersOf, note, type Program, readersOf, type Step } from '../program.js';

export const activationIntoProduct = {
  name: 'activationIntoProduct' as const,
  run: (program: Program) => intoProduct(program, activation, 'activation', 'with '),
};

export const derivativeIntoProduct = {
  name: 'derivativeIntoProduct' as const,
  run: (program: Program) =>
    intoProduct(program, activationGradient, 'derivative', 'times the derivative of '),
};

/** Steps of an operation whose last input is a product become a part of it, and their other inputs inputs of it. */
function intoProduct(program: Program, operation: unknown, end: End, text: string): void {
  const readers = readersOf(program);
  const makers = makersOf(program);
  const gone = new Set<Step>();
  for (const step of program.steps) {
    if (step.operation !== operation) continue;
    const { name } = step.attributes as ActivationAttributes;
    const others = [...step.inputs];
    const from = others.pop()!;
    const before = makers.get(from);
    if (!isFused(name) || !before) continue;
    const attributes = before.operation.endWith?.(end, name, before.attributes, before.inputs.length);
    const alone = readers.get(from)!.length === 1 && !program.kept.has(from) && !others.includes(from);
    if (!attributes || !alone || before.part !== step.part) continue;
    before.attributes = attributes;
    before.inputs = [...before.inputs, ...others];
    before.outputs = step.outputs;
    note(before, text + name);
    gone.add(step);
  }
  program.steps = program.steps.filter((step) => !gone.has(step));
}
