/**
 * Where an activation's output is pooled, the derivative is taken of what the pool has kept, and before its
 * gradient is spread over the image: a fourth of the elements for windows of 2x2, and it may then go into the
 * product that makes the gradient above.
 *
 *   dz = f'(a) ⊙ spread(dy)   becomes   dz = spread(f'(pool(a)) ⊙ dy)
 */
import { type ActivationAttributes, activationGradient, isFused } from '../../ops/activations.js';
import { makersOf, note, type Program, readersOf, type Slot, type Step } from '../program.js';

export const derivativeBeforeUnpooling = {
  name: 'derivativeBeforeUnpooling' as const,
  run(program: Program): void {
    const readers = readersOf(program);
    const makers = makersOf(program);
    const steps: Step[] = [];
    for (const step of program.steps) {
      steps.push(step);
      const spread = step.inputs.length === 2 ? makers.get(step.inputs[1]) : undefined;
      if ((step.operation as unknown) !== activationGradient || !spread) continue;
      const pool = pooled(spread, step, makers);
      const alone = readers.get(step.inputs[1])!.length === 1 && !program.kept.has(step.inputs[1]);
      if (!pool?.outputs[0] || !alone || spread.part !== step.part) continue;
      // The two change places: what the derivative gives is spread.
      const [argmax, dy] = spread.inputs;
      const product: Slot = { shape: dy.shape, kind: 'computed' };
      spread.inputs = [argmax, product];
      spread.outputs = step.outputs;
      step.inputs = [pool.outputs[0], dy];
      step.outputs = [product];
      note(step, 'of what is pooled');
      steps.splice(steps.indexOf(spread), 1);
      steps.push(spread);
    }
    program.steps = steps;
  },
};

/** The step that pools the activation's output, if `spread` is the gradient of that. */
function pooled(spread: Step, step: Step, makers: ReadonlyMap<Slot, Step>): Step | undefined {
  const spreads = spread.operation.spreads?.(spread.attributes);
  const pool = spreads && makers.get(spread.inputs[0]);
  if (!pool || pool.inputs[0] !== step.inputs[0]) return undefined;
  const { name } = step.attributes as ActivationAttributes;
  // Where windows overlap, sums of products are no products of sums in their last bits; relu's are.
  return name === 'relu' || (isFused(name) && spreads === 'apart') ? pool : undefined;
}
