/**
 * A network's program step by step, forward and backward, in two engines: each step of the one is given to the
 * other with the very numbers that the one had. So an error is that of one operation alone, whose bound is
 * known, and not what a whole network makes of it.
 */
import { elementsOf } from '../../../src/base/arrays.js';
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
import { rowsOf } from './sketch.js';
import { allowed } from './step-bounds.js';

/**
 * A program laid out in an engine, each value in memory of its own; with `apart` those too that are another one
 * under another shape.
 */
function layOut(engine: Engine, program: Program, model: Network, apart: boolean) {
  const arena = engine.arena();
  const rows = rowsOf(model);
  const given = new Map<Slot, Tensor>();
  for (const { inputs, outputs } of program.steps) {
    for (const slot of [...inputs, ...outputs]) {
      if (!slot || given.has(slot) || slot.kind === 'literal') continue;
      if (apart || slot.kind !== 'computed') given.set(slot, place(arena, slot, rows));
    }
  }
  const memory = new Memory(arena, program, rows, given, false);
  const graph = graphOf('test', model);
  const bound = bindProgram(memory, rows, {
    ...{ arena, state: { training: true, step: 1, batch: 0 }, seed: model.seed },
    streamOf: (node) => graph.streams.get(node) ?? 0,
    packed: () => undefined,
    sparse: () => undefined,
  });
  return { arena, memory, bound };
}

function place(arena: Arena, { shape }: Slot, rows: number): Tensor {
  const { shape: lengths, ld } = layoutOf(shape, rows);
  return ld === lengths.at(-1) ? arena.tensor('float', lengths) : arena.padded('float', lengths);
}

/** Compares every step. Throws where a number is further from the reference in float64 than its bound. */
export function compareSteps(engine: Engine, reference: Engine, model: Network): void {
  const graph = graphOf('test', model);
  const trains = learns(model);
  const specs = headsOf('test', model, resolveLoss('test', lossOf(model)));
  const without = passNames;
  const { program, heads } = trainingOf('test', graph, model, { specs, trains, without });
  const [own, other] = [layOut(engine, program, model, false), layOut(reference, program, model, true)];
  const rows = rowsOf(model);
  const begin = (slot: Slot, values: ArrayLike<number>) => {
    // What no step reads has no place.
    if (program.steps.some(({ inputs }) => inputs.includes(slot))) own.memory.tensor(slot).write(values);
  };
  for (const [i, values] of inputsOf(model, rows).entries()) begin(program.slotOf(graph.inputs[i]), values);
  for (const [i, value] of [...graph.parameters, ...graph.buffers].entries()) {
    begin(program.slotOf(value), [...model.parameters, ...model.buffers][i].values);
  }
  const given = heads.flatMap(({ seed, own: loss }) => [seed, loss?.target, loss?.weights]);
  for (const [i, value] of given.entries()) {
    if (!value) continue;
    const { shape } = layoutOf(value.shape, rows);
    begin(program.slotOf(value), reals(elementsOf(shape), 300 + i));
  }
  for (const [i, { step, calls }] of own.bound.entries()) {
    const { name } = step.operation;
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
    const shapes = step.inputs.map(({ shape }) => layoutOf(shape, rows).shape);
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
}

/** Places that a pool keeps: bytes, and no numbers. */
function isPlaces(slot: Slot, { steps }: Program): boolean {
  return steps.some(({ operation, outputs }) => operation.name === 'maxPool2d' && outputs[1] === slot);
}
