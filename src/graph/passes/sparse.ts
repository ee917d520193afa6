/**
 * Batches of an input that are mostly zeros are compressed when they are loaded, where nothing reads the
 * input but products of one width: then it need not be written out. Which path a batch takes is decided when
 * it is loaded.
 */
import { type ProductAttributes, product } from '../../ops/matmul.js';
import { makersOf, note, type Program, readersOf, type Slot, type Step } from '../program.js';

export const compressedInputs = {
  name: 'compressedInputs' as const,
  run(program: Program): void {
    const readers = readersOf(program);
    const makers = makersOf(program);
    for (const [slot, steps] of readers) {
      // The input itself, or, of one with more axes, what it is as a vector.
      const maker = makers.get(slot);
      const source = maker?.operation.alias ? maker.inputs[0] : slot;
      if (source.kind !== 'input' || slot.shape.dims.length !== 1 || steps.length === 0) continue;
      if (source !== slot && (readers.get(source)!.length > 1 || program.kept.has(source))) continue;
      const [width] = steps.map(widthOf);
      const same = steps.every((step) => takes(step, slot) && widthOf(step) === width);
      if (!same || program.kept.has(slot)) continue;
      program.sparse.set(slot, width);
      for (const step of steps) note(step, 'of what is not 0, if sparse');
    }
  },
};

/** Whether it is a layer's product with this input, or the gradient of its weight. */
function takes(step: Step, slot: Slot): boolean {
  if ((step.operation as unknown) !== product) return false;
  const { form, flat } = step.attributes as ProductAttributes;
  const { inputs } = step;
  const isFirst = inputs[0] === slot && inputs.lastIndexOf(slot) === 0;
  return flat && isFirst && (form === 'nn' ? inputs[1].kind === 'parameter' : form === 'tn');
}

function widthOf({ outputs }: Step): number {
  return outputs[0]?.shape.dims.at(-1) ?? 0;
}
