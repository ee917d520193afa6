/**
 * Where values lie in memory. Each lives from the step that makes it to the last that reads it, and values
 * that do not live at the same time may share memory: the largest is placed first, each in the first gap that
 * is free for its lifetime.
 */
import { elementsOf } from '../base/arrays.js';
import { paddedLength } from '../engine/tensor.js';
import type { Shape } from '../ops/operation.js';
import type { Program, Slot } from './program.js';

/**
 * How a value of `count` rows lies in memory: its shape, and the elements from one row of the last axis to
 * the next.
 */
export interface Layout {
  readonly shape: readonly number[];
  readonly ld: number;
  /** Elements in all, padding counted. */
  readonly span: number;
}

/**
 * Rows of a batch of vectors begin on cache lines; a batch of arrays lies without gaps; what has no rows lies
 * as parameters do.
 */
export function layoutOf({ rows, dims }: Shape, count: number): Layout {
  const shape = rows ? [count, ...dims] : dims.length === 0 ? [1] : [...dims];
  const columns = shape[shape.length - 1];
  const padded = rows ? dims.length === 1 : dims.length > 0;
  const ld = padded ? paddedLength(columns) : columns;
  return { shape, ld, span: (elementsOf(shape) / columns) * ld };
}

/** Whether no row is padded. */
function isDense({ shape, ld }: Layout): boolean {
  return ld === shape[shape.length - 1];
}

/** The memory of some values: a place in one of several blocks. */
export interface Places {
  readonly blocks: readonly number[];
  readonly of: ReadonlyMap<Slot, { readonly block: number; readonly offset: number }>;
}

interface Life {
  readonly slot: Slot;
  readonly span: number;
  readonly group: string;
  from: number;
  to: number;
}

/** Floats of a cache line: where every value begins. */
const LINE = 16;

/**
 * Places for all computed values that are not `placed` elsewhere, for batches of `count` rows. An alias lies
 * where its original does, when both are dense. What is kept lives to the end. With `share` false each value
 * has memory of its own.
 *
 * In programs with gradients, padded values share only with their like: kernels that run over padding rely on
 * zeros there.
 */
export function placeSlots(
  program: Program,
  count: number,
  placed: ReadonlySet<Slot>,
  share: boolean,
): Places & { readonly originals: ReadonlyMap<Slot, Slot> } {
  const trains = program.steps.some(({ part }) => part === 'backward');
  const originals = aliasesOf(program, count, placed);
  if (share) addInPlace(program, count, placed, originals);
  const lives = new Map<Slot, Life>();
  const end = program.steps.length;
  const root = (slot: Slot) => originals.get(slot) ?? slot;
  for (const [at, { inputs, outputs, part }] of program.steps.entries()) {
    for (const slot of outputs) {
      if (!slot || placed.has(root(slot)) || originals.has(slot)) continue;
      const layout = layoutOf(slot.shape, count);
      const group =
        isDense(layout) || !trains ? 'dense' : `${part === 'backward'} ${layout.ld} ${layout.shape.at(-1)}`;
      lives.set(slot, { slot, span: roundUp(layout.span), group, from: at, to: at });
    }
    for (const slot of [...inputs, ...outputs]) {
      const life = slot && lives.get(root(slot));
      if (life) life.to = at;
    }
  }
  for (const slot of program.kept) {
    const life = lives.get(root(slot));
    if (life) life.to = end;
  }
  return { originals, ...pack([...lives.values()], share) };
}

/** Aliases by what they are aliases of, through any number of steps. */
function aliasesOf(program: Program, count: number, placed: ReadonlySet<Slot>): Map<Slot, Slot> {
  const originals = new Map<Slot, Slot>();
  for (const { operation, inputs, outputs } of program.steps) {
    const [slot] = outputs;
    if (!operation.alias || !slot || placed.has(slot)) continue;
    const [from] = inputs;
    const layouts = [from, slot].map(({ shape }) => layoutOf(shape, count));
    // Of the lengths as they lie: 16 numbers, one a row, lie otherwise than 16 rows of one, padded to 16.
    const [a, b] = layouts.map(({ shape, ld }) => `${ld} ${shape[shape.length - 1]}`);
    if (a === b || layouts.every(isDense)) originals.set(slot, originals.get(from) ?? from);
  }
  return originals;
}

/** Results that take the memory of an input which nobody reads afterwards, where both lie in memory alike. */
function addInPlace(
  program: Program,
  count: number,
  placed: ReadonlySet<Slot>,
  originals: Map<Slot, Slot>,
): void {
  const root = (slot: Slot) => originals.get(slot) ?? slot;
  const readLast = new Map<Slot, number>();
  const madeIn = new Map<Slot, string>();
  for (const [at, { inputs, outputs, part }] of program.steps.entries()) {
    for (const slot of inputs) readLast.set(root(slot), at);
    for (const slot of outputs) if (slot) madeIn.set(slot, part);
  }
  for (const slot of program.kept) readLast.set(root(slot), program.steps.length);
  for (const [at, { operation, inputs, outputs, part }] of program.steps.entries()) {
    const [slot] = outputs;
    if (!slot || placed.has(slot) || originals.has(slot)) continue;
    const layout = layoutOf(slot.shape, count);
    const index = operation.inPlace?.find((i) => {
      const from = root(inputs[i]);
      const own = layoutOf(inputs[i].shape, count);
      const alike = own.ld === layout.ld && own.shape.join() === layout.shape.join();
      const free =
        inputs[i].kind === 'computed' &&
        from.kind === 'computed' &&
        !placed.has(from) &&
        readLast.get(from) === at;
      const alone = inputs.every((other, j) => j === i || root(other) !== from);
      const zeros = isDense(layout) || (madeIn.get(from) === 'backward') === (part === 'backward');
      return alike && free && alone && zeros;
    });
    if (index === undefined) continue;
    const from = root(inputs[index]);
    originals.set(slot, from);
    readLast.set(from, Math.max(at, readLast.get(slot) ?? at));
    for (const [other, original] of originals) if (original === slot) originals.set(other, from);
  }
}

function pack(lives: readonly Life[], share: boolean): Places {
  const groups = [...new Set(lives.map(({ group }) => group))];
  const of = new Map<Slot, { block: number; offset: number }>();
  const blocks = groups.map((group, block) => {
    const own = lives
      .filter((life) => life.group === group)
      .sort((a, b) => b.span - a.span || a.from - b.from);
    const done: { life: Life; offset: number }[] = [];
    let total = 0;
    for (const life of own) {
      const busy = done
        .filter(({ life: other }) => !share || (other.from <= life.to && life.from <= other.to))
        .sort((a, b) => a.offset - b.offset);
      let offset = 0;
      for (const { life: other, offset: begin } of busy) {
        if (begin - offset >= life.span) break;
        offset = Math.max(offset, begin + other.span);
      }
      done.push({ life, offset });
      of.set(life.slot, { block, offset });
      total = Math.max(total, offset + life.span);
    }
    return total;
  });
  return { blocks, of };
}

function roundUp(span: number): number {
  return Math.ceil(span / LINE) * LINE;
}
