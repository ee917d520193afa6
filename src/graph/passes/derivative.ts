/**
 * An activation's derivative goes into the end of the product that makes the gradient above it. Not where
 * that gradient is read as well.
 */
import { type ActivationAttributes, activationGradient, isFused } from '../../ops/activations.js';
import { type ProductAttributes, product } from '../../ops/matmul.js';
import { makersOf, note, type Program, readersOf, type Step } from '../program.js';

export const derivativeIntoProduct = {
  name: 'derivativeIntoProduct' as const,
  run(program: Program): void {
    const readers = readersOf(program);
    const makers = makersOf(program);
    const gone = new Set<Step>();
    for (const step of program.steps) {
      if ((step.operation as unknown) !== activationGradient) continue;
      const { name } = step.attributes as ActivationAttributes;
      const [saved, from] = step.inputs;
      const before = makers.get(from);
      if (!isFused(name) || !before || (before.operation as unknown) !== product) continue;
      const attributes = before.attributes as ProductAttributes;
      const alone = readers.get(from)!.length === 1 && !program.kept.has(from) && saved !== from;
      if (attributes.form !== 'nt' || attributes.activation || !alone) continue;
      before.attributes = { ...attributes, activation: name };
      before.inputs = [...before.inputs, saved];
      before.outputs = step.outputs;
      note(before, `times the derivative of ${name}`);
      gone.add(step);
    }
    program.steps = program.steps.filter((step) => !gone.has(step));
  },
};
