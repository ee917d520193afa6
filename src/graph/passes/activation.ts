/**
 * An activation goes into the end of the product before it: the output is written once. Not where the product
 * itself is read as well.
 */
import { type ActivationAttributes, activation, isFused } from '../../ops/activations.js';
import { type ProductAttributes, product } from '../../ops/matmul.js';
import { makersOf, note, type Program, readersOf, type Step } from '../program.js';

export const activationIntoProduct = {
  name: 'activationIntoProduct' as const,
  run(program: Program): void {
    const readers = readersOf(program);
    const makers = makersOf(program);
    const gone = new Set<Step>();
    for (const step of program.steps) {
      if ((step.operation as unknown) !== activation) continue;
      const { name } = step.attributes as ActivationAttributes;
      const [from] = step.inputs;
      const before = makers.get(from);
      if (!isFused(name) || !before || (before.operation as unknown) !== product) continue;
      const attributes = before.attributes as ProductAttributes;
      const alone = readers.get(from)!.length === 1 && !program.kept.has(from) && before.part === step.part;
      if (attributes.form !== 'nn' || attributes.activation || !alone) continue;
      before.attributes = { ...attributes, activation: name };
      before.outputs = step.outputs;
      note(before, `with ${name}`);
      gone.add(step);
    }
    program.steps = program.steps.filter((step) => !gone.has(step));
  },
};
