/**
 * Batches of an input that are mostly zeros are compressed when they are loaded, where nothing reads the
 * input but products of one width: then it need not be written out. Which path a batch takes is decided when
 * it is loaded.
 */
import { type ProductAttributes, product } from '../../ops/matmul.js';
import { note, type Program, readersOf, type Slot, type Step } from '../program.js';

export const compressedInputs = {
  name: 'compressedInputs' as const,
  run(program: Program): void {
    for (const [slot, steps] of readersOf(program)) {
      if (slot.kind !== 'input' || slot.shape.dims.length !== 1 || steps.length === 0) continue;
      const [width] = steps.map(widthOf);
      const same = steps.every((step) => takes(step, slot) && widthOf(step) === width);
      if (!same || program.kept.has(slot)) continue;
      for (const step of steps) {
        step.attributes = { ...(step.attributes as ProductAttributes), sparse: true };
        note(step, 'of what is not 0, where the batch is sparse');
      }
    }
  },
};

/** Whether it is a layer's product with this input, or the gradient of its weight. */
function takes(step: Step, slot: Slot): boolean {
  if ((step.operation as unknown) !== product) return false;
  const { form, flat } = step.attributes as ProductAttributes;
  const [a, b, third] = step.inputs;
  return (
    flat &&
    a === slot &&
    b !== slot &&
    third !== slot &&
    (form === 'nn' ? b.kind === 'parameter' : form === 'tn')
  );
}

function widthOf({ outputs }: Step): number {
  return outputs[0]?.shape.dims.at(-1) ?? 0;
}
