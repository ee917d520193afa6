/**
 * A network's program step by step, forward and backward, in two engines: each step of the one is given to the
 * other with the very numbers that the one had. So an error is that of one operation alone, whose bound is
 * known, and not what a whole network makes of it.
 */
import type { Engine } from '../../../src/engine/engine.js';
import type { Arena, Tensor } from '../../../src/engine/tensor.js';
import { bindProgram, Memory } from '../../../src/graph/bind.js';
import { passNames } from '../../../src/graph/passes/index.js';
import { layoutOf } from '../../../src/graph/places.js';
import type { Program, Slot } from '../../../src/graph/program.js';
import { headsOf } from '../../../src/nn/head.js';
import { resolveLoss } from '../../../src/nn/losses.js';
import { graphOf, type Network } from '../../../src/nn/model.js';
import { trainingOf } from '../../../src/nn/training.js';
import { reals } from '../../kernels/harness.js';
import { inputsOf, learns, lossOf } from './properties.js';
import { ROWS } from './sketch.js';
import { allowed } from './step-bounds.js';

/** A program laid out in an engine, each value in memory of its own. */
function layOut(engine: Engine, program: Program, model: Network) {
  const arena = engine.arena();
  const given = new Map<Slot, Tensor>();
  const leaves = new Set(
    program.steps.flatMap(({ inputs }) => inputs).filter(({ kind }) => kind !== 'computed'),
  );
  for (const slot of leaves) {
    if (slot.kind !== 'literal') given.set(slot, place(arena, slot));
  }
  const memory = new Memory(arena, program, ROWS, given, false);
  const graph = graphOf('test', model);
  const bound = bindProgram(memory, ROWS, {
    ...{ arena, state: { training: true, step: 1, batch: 0 }, seed: model.seed },
    streamOf: (node) => graph.streams.get(node) ?? 0,
    packed: () => undefined,
    sparse: () => undefined,
  });
  return { arena, memory, bound };
}

function place(arena: Arena, { shape }: Slot): Tensor {
  const { shape: lengths, ld } = layoutOf(shape, ROWS);
  return ld === lengths.at(-1) ? arena.tensor('float', lengths) : arena.padded('float', lengths);
}

/**
 * Compares every step, and says which operations there were. Throws where a number is further from the
 * reference in float64 than its bound.
 */
export function compareSteps(engine: Engine, reference: Engine, model: Network): Map<string, number> {
  const graph = graphOf('test', model);
  const trains = learns(model);
  const specs = headsOf('test', model, resolveLoss('test', lossOf(model)));
  const without = passNames;
  const { program, heads } = trainingOf('test', graph, model, { specs, trains, without });
  const [own, other] = [engine, reference].map((one) => layOut(one, program, model));
  const begin = (slot: Slot, values: ArrayLike<number>) => {
    // What no step reads has no place.
    if (program.steps.some(({ inputs }) => inputs.includes(slot))) own.memory.tensor(slot).write(values);
  };
  for (const [i, values] of inputsOf(model, ROWS).entries()) begin(program.slotOf(graph.inputs[i]), values);
  for (const [i, value] of [...graph.parameters, ...graph.buffers].entries()) {
    begin(program.slotOf(value), [...model.parameters, ...model.buffers][i].values);
  }
  for (const [i, { seed }] of heads.entries()) {
    if (!seed) continue;
    const slot = program.slotOf(seed);
    begin(
      slot,
      reals(
        layoutOf(slot.shape, ROWS).shape.reduce((a, b) => a * b, 1),
        300 + i,
      ),
    );
  }
  const counts = new Map<string, number>();
  for (const [i, { step, calls }] of own.bound.entries()) {
    const { name } = step.operation;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const inputs = step.inputs.map((slot) => [...own.memory.tensor(slot).read()]);
    for (const call of calls) call();
    const got = step.outputs.map((slot) => slot && own.memory.tensor(slot).read());
    // In the other engine, of the same numbers or of others in their place.
    const run = (numbers: readonly (readonly number[])[]) => {
      for (const [j, slot] of step.inputs.entries()) {
        if (!isPlaces(slot, program)) other.memory.tensor(slot).write(numbers[j]);
      }
      for (const call of other.bound[i].calls) call();
      return step.outputs.map((slot) => (slot ? [...other.memory.tensor(slot).read()] : []));
    };
    const expected = run(inputs);
    const shapes = step.inputs.map(({ shape }) => layoutOf(shape, ROWS).shape);
    const bounds = allowed({ name, attributes: step.attributes, inputs, expected, shapes, run });
    for (const [j, values] of got.entries()) {
      const slot = step.outputs[j];
      if (!values || !slot || isPlaces(slot, program)) continue;
      const bound = bounds[j] ?? bounds[0];
      for (let k = 0; k < values.length; k++) {
        const difference = Math.abs(values[k] - expected[j][k]);
        if (difference <= bound[k]) continue;
        throw new Error(
          `step ${i}, ${name}, output ${j}, number ${k}: ${values[k]}, by the reference ${expected[j][k]}, ` +
            `which is ${difference}, more than ${bound[k]}`,
        );
      }
    }
  }
  own.arena.dispose();
  other.arena.dispose();
  return counts;
}

/** Places that a pool keeps: bytes, and no numbers. */
function isPlaces(slot: Slot, { steps }: Program): boolean {
  return steps.some(({ operation, outputs }) => operation.name === 'maxPool2d' && outputs[1] === slot);
}
