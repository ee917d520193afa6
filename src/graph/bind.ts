/**
 * A program in an engine's memory: each value placed once for the largest batch, and the calls of a batch
 * bound to what it needs of that.
 */
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Call } from '../ops/check.js';
import type { Binding, RunState } from '../ops/operation.js';
import type { PackedMatrix } from '../ops/packed.js';
import type { SparseRows } from '../ops/sparse.js';
import { attributesOf, literalLeaf } from './leaves.js';
import { layoutOf, placeSlots } from './places.js';
import type { Part, Program, Slot, Step } from './program.js';
import type { Node } from './value.js';

/** The tensors of a program's values. */
export class Memory {
  readonly program: Program;
  readonly #maxRows: number;
  readonly #tensors = new Map<Slot, Tensor>();
  readonly #originals: ReadonlyMap<Slot, Slot>;
  /** Bytes of what steps compute; not of parameters, inputs and other things that were given. */
  readonly bytes: number;

  /** `given`: what lies elsewhere, for `maxRows` rows. Literals are placed and filled here. */
  constructor(
    arena: Arena,
    program: Program,
    maxRows: number,
    given: ReadonlyMap<Slot, Tensor>,
    share: boolean,
  ) {
    this.program = program;
    this.#maxRows = maxRows;
    for (const [slot, tensor] of given) this.#tensors.set(slot, tensor);
    for (const { inputs } of program.steps) {
      for (const slot of inputs) if (slot.kind === 'literal') this.#placeLiteral(arena, slot);
    }
    const { blocks, of, originals } = placeSlots(program, maxRows, new Set(this.#tensors.keys()), share);
    const memory = blocks.map((length) => arena.tensor('float', [length]));
    this.bytes = memory.reduce((total, { size, elementBytes }) => total + size * elementBytes, 0);
    for (const [slot, { block, offset }] of of) {
      const { shape, ld } = layoutOf(slot.shape, maxRows);
      this.#tensors.set(slot, memory[block].view(shape, offset, ld));
    }
    this.#originals = originals;
    for (const [slot, original] of originals) {
      const { shape, ld } = layoutOf(slot.shape, maxRows);
      const from = this.#tensors.get(original)!;
      // What was given may lie otherwise than its shape says: targets without gaps, as their output lies.
      const asExpected = from.ld === layoutOf(original.shape, maxRows).ld;
      this.#tensors.set(slot, from.reshaped(shape, asExpected ? ld : from.ld));
    }
  }

  /** What it is an alias of; itself where it is none. */
  original(slot: Slot): Slot {
    return this.#originals.get(slot) ?? slot;
  }

  /** The whole of it. */
  tensor(slot: Slot): Tensor {
    return this.#tensors.get(slot)!;
  }

  /** What of it a batch of `rows` rows takes. */
  of(slot: Slot, rows: number): Tensor {
    const tensor = this.tensor(slot);
    return slot.shape.rows && rows !== this.#maxRows ? tensor.firstRows(rows) : tensor;
  }

  #placeLiteral(arena: Arena, slot: Slot): void {
    if (this.#tensors.has(slot)) return;
    const { shape, ld } = layoutOf(slot.shape, 1);
    const padded = ld !== shape[shape.length - 1];
    const tensor = padded ? arena.padded('float', shape) : arena.tensor('float', shape);
    this.#tensors.set(slot, tensor.write(attributesOf(slot.node!, literalLeaf).values));
  }
}

/** What all calls of a program have in common. */
export interface Context {
  readonly arena: Arena;
  readonly state: RunState;
  readonly seed: number;
  /** Of random numbers. */
  streamOf(node: Node): number;
  /** A parameter that is a matrix, kept packed while it stands still. */
  packed(slot: Slot): PackedMatrix | undefined;
  /** An input whose batches may be compressed. */
  sparse(slot: Slot | undefined): SparseRows | undefined;
}

export interface BoundStep {
  readonly step: Step;
  readonly calls: readonly Call[];
}

/** The calls of each step, for batches of `rows` rows. */
export function bindProgram(memory: Memory, rows: number, context: Context): BoundStep[] {
  return memory.program.steps.map((step) => {
    const { operation, inputs, outputs, attributes, node } = step;
    const binding: Binding = {
      attributes,
      inputs: inputs.map((slot) => memory.of(slot, rows)),
      outputs: outputs.map((slot) => slot && memory.of(slot, rows)),
      state: context.state,
      seed: context.seed,
      stream: context.streamOf(node),
      arena: context.arena,
      frozen: (index) => inputs[index]?.frozen,
      packed: (index) => (inputs[index].kind === 'parameter' ? context.packed(inputs[index]) : undefined),
      stands: (index) => inputs[index].kind === 'parameter',
      sparse: context.sparse(inputs[0]),
    };
    // An alias that lies where its original does has nothing to do.
    const same = operation.alias && outputs[0] && binding.inputs[0].pointer === binding.outputs[0]?.pointer;
    return { step, calls: same ? [] : [operation.bind(binding)].flat() };
  });
}

/** The calls of one part, in order. */
export function callsOf(bound: readonly BoundStep[], part: Part): Call[] {
  return bound.flatMap(({ step, calls }) => (step.part === part ? calls : []));
}

export function run(calls: readonly Call[]): void {
  for (let i = 0; i < calls.length; i++) calls[i]();
}
