/**
 * A graph as the list of steps that a batch runs: what passes (passes/) rewrite, places.ts lays out, and a
 * plan binds. Unlike the graph it may be changed.
 */
import type { Operation, Shape } from '../ops/operation.js';
import { bufferLeaf, inputLeaf, literalLeaf, parameterLeaf, seedLeaf } from './leaves.js';
import { type Node, nodesOf, type Value } from './value.js';

/** What a step reads or writes: a place in memory, once it is laid out. */
export interface Slot {
  readonly shape: Shape;
  /** `computed` by a step; the others are filled from outside. */
  readonly kind: 'input' | 'parameter' | 'buffer' | 'literal' | 'seed' | 'computed';
  /** Of what is not computed. */
  readonly node?: Node;
  /** Of a parameter: whether training leaves it as it is. */
  frozen?: boolean;
}

/** When a step runs: with the outputs, with the loss, or with the gradients. */
export type Part = 'forward' | 'loss' | 'backward';

export interface Step {
  operation: Operation;
  inputs: readonly Slot[];
  /** Undefined for an output that nobody reads. */
  outputs: readonly (Slot | undefined)[];
  attributes: unknown;
  readonly part: Part;
  /** Of the node that it came from: the layers around it, and its stream of random numbers. */
  readonly node: Node;
  /** What passes did to it. */
  notes: readonly string[];
}

export interface Program {
  steps: Step[];
  /** What is read from outside: outputs, losses, gradients. */
  readonly kept: ReadonlySet<Slot>;
  slotOf(value: Value): Slot;
  /** Inputs, or what they are as vectors, whose batches may be compressed; and the columns of the products that read them. */
  readonly sparse: Map<Slot, number>;
}

const kinds = new Map<unknown, Slot['kind']>([
  [inputLeaf, 'input'],
  [parameterLeaf, 'parameter'],
  [bufferLeaf, 'buffer'],
  [literalLeaf, 'literal'],
  [seedLeaf, 'seed'],
]);

/** The steps that make these values, and no others. */
export function programOf(values: Readonly<Record<Part, readonly Value[]>>): Program {
  const slots = new Map<Value, Slot>();
  const steps: Step[] = [];
  const slotOf = (value: Value): Slot => {
    let slot = slots.get(value);
    if (!slot) {
      const kind = kinds.get(value.node.operation) ?? 'computed';
      slot = { shape: value.shape, kind, ...(kind !== 'computed' && { node: value.node }) };
      slots.set(value, slot);
    }
    return slot;
  };
  const done = new Set<Node>();
  for (const part of ['forward', 'loss', 'backward'] as const) {
    for (const node of nodesOf(values[part])) {
      if (done.has(node)) continue;
      done.add(node);
      if (kinds.has(node.operation)) continue;
      const { operation, attributes } = node;
      const [inputs, outputs] = [node.inputs.map(slotOf), node.outputs.map(slotOf)];
      steps.push({ operation, inputs, outputs, attributes, part, node, notes: [] });
    }
  }
  const kept = new Set(Object.values(values).flat().map(slotOf));
  const program: Program = { steps, kept, slotOf, sparse: new Map() };
  dropUnread(program);
  return program;
}

/** How many steps read each slot; what is kept counts as read once more. */
export function readersOf({ steps, kept }: Program): Map<Slot, Step[]> {
  const readers = new Map<Slot, Step[]>();
  for (const step of steps) {
    for (const slot of step.inputs) {
      const known = readers.get(slot);
      if (!known) readers.set(slot, [step]);
      else if (!known.includes(step)) known.push(step);
    }
  }
  for (const slot of kept) if (!readers.has(slot)) readers.set(slot, []);
  return readers;
}

/** The step that makes a slot. */
export function makersOf({ steps }: Program): Map<Slot, Step> {
  return new Map(
    steps.flatMap((step) => step.outputs.flatMap((slot) => (slot ? [[slot, step] as const] : []))),
  );
}

/** Steps and outputs that nobody reads are left out. */
function dropUnread(program: Program): void {
  for (;;) {
    const readers = readersOf(program);
    const isRead = (slot: Slot | undefined) => slot !== undefined && readers.has(slot);
    const steps = program.steps.filter(({ outputs }) => outputs.some(isRead));
    for (const step of steps) step.outputs = step.outputs.map((slot) => (isRead(slot) ? slot : undefined));
    const dropped = program.steps.length - steps.length;
    program.steps = steps;
    if (dropped === 0) return;
  }
}

/** Notes what a pass did to a step. */
export function note(step: Step, text: string): void {
  step.notes = [...step.notes, text];
}
