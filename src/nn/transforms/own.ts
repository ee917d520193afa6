/**
 * Transforms of one's own: a function of values, traced once, and bound to the flat tensors as the steps of a
 * model are.
 */
import { OptionError, ShapeError, show } from '../../base/errors.js';
import { OptionReader } from '../../base/options.js';
import type { Tensor } from '../../engine/tensor.js';
import { bindProgram, callsOf, Memory } from '../../graph/bind.js';
import { attributesOf, inputLeaf, isLeaf, literalLeaf } from '../../graph/leaves.js';
import { makersOf, type Program, programOf, type Slot, type Step } from '../../graph/program.js';
import { applyOne, isValue, type Node, nodesOf, type Value, within } from '../../graph/value.js';
import type { Call } from '../../ops/check.js';
import { copyOf } from '../../ops/gradients.js';
import { type Operation, showShape } from '../../ops/operation.js';
import { type ReductionAttributes, reduction } from '../../ops/reduction.js';
import { fill } from '../../ops/strided.js';
import { addScaled } from '../../ops/update.js';
import { viewOf } from '../../ops/view.js';
import type { OwnTransform, Transform, TransformTensors } from './transform.js';

/** So many numbers have the vectors by which a function is looked at before there is a model. */
const TRIAL = 48;

/**
 * Throws OptionError for what is no transform, for names that cannot be, and for a function that gives
 * something else than it should; ShapeError for vectors of another length.
 */
export function ownTransform(where: string, given: OwnTransform): Transform {
  const reader = new OptionReader(where, given);
  const name = reader.required('name', 'a name of letters and digits', isName);
  const place = `${where}, transform ${name}`;
  const slots = reader.optional('slots', 'a list of names', isNames) ?? [];
  reader.required('apply', 'a function', isFunction);
  reader.end();
  const apply: OwnTransform['apply'] = (values) => given.apply(values);
  const nodes = describe(traceOwn(place, { name, slots, apply }, TRIAL));
  const sized = JSON.stringify(nodes) !== describeAt(place, { name, slots, apply }, 2 * TRIAL);
  return {
    name,
    // Of nodes that hold the length itself it cannot be made again for another.
    config: { slots: [...slots], nodes, ...(sized && { sized }) },
    slots: [...slots],
    compile: (tensors) => bindOwn(traceOwn(place, { name, slots, apply }, tensors.update.size), tensors),
  };
}

interface Traced {
  /** By name: `update`, `parameter`, `slots.m`, `step`, `learningRate`. */
  readonly leaves: ReadonlyMap<string, Value>;
  /** What becomes of the leaves of these names. */
  readonly results: ReadonlyMap<string, Value>;
}

function traceOwn(
  where: string,
  { name, slots, apply }: Required<Pick<OwnTransform, 'name' | 'slots' | 'apply'>>,
  size: number,
): Traced {
  const leaf = (own: string, dims: readonly number[]) =>
    applyOne(inputLeaf, [], { shape: { rows: false, dims }, name: own });
  const [update, parameter] = [leaf('update', [size]), leaf('parameter', [size])];
  const [step, learningRate] = [leaf('step', []), leaf('learningRate', [])];
  const kept = Object.fromEntries(slots.map((slot) => [slot, leaf(`slots.${slot}`, [size])]));
  const given: unknown = within({ name, owner: apply }, () =>
    apply({ update, parameter, slots: kept, step, learningRate }),
  );
  const results = readResults(where, slots, given);
  for (const [what, { shape }] of results) {
    if (!shape.rows && shape.dims.join() === String(size)) continue;
    throw new ShapeError(
      where,
      `${what}: expected a vector as long as it was, [${size}], given ${showShape(shape)}`,
    );
  }
  const leaves = new Map(
    [update, parameter, ...Object.values(kept), step, learningRate].map((value) => [
      attributesOf(value.node, inputLeaf).name!,
      value,
    ]),
  );
  checkNodes(where, leaves, nodesOf([...results.values()]));
  return { leaves, results };
}

function readResults(where: string, slots: readonly string[], given: unknown): Map<string, Value> {
  if (isValue(given) && slots.length === 0) return new Map([['update', given]]);
  const expected = slots.length === 0 ? 'a value' : `{ update, slots: { ${slots.join(', ')} } }`;
  const fail = (): never => {
    throw new OptionError(where, `expected its function to give ${expected}, given ${show(given)}`);
  };
  if (typeof given !== 'object' || given === null || isValue(given)) return fail();
  const { update, slots: kept = {} } = given as { update?: unknown; slots?: Record<string, unknown> };
  if (!isValue(update) || typeof kept !== 'object' || kept === null) return fail();
  const results = new Map([['update', update]]);
  for (const slot of slots) {
    const value = kept[slot];
    if (!isValue(value)) {
      throw new OptionError(where, `slot ${slot}: expected its new value, given ${show(value)}`);
    }
    results.set(`slots.${slot}`, value);
  }
  const unknown = Object.keys(kept).find((slot) => !slots.includes(slot));
  if (unknown !== undefined) throw new OptionError(where, `there is no slot ${show(unknown)}`);
  return results;
}

/**
 * Throws OptionError for values that are not the transform's, and for what would count the zeros between
 * parameters.
 */
function checkNodes(where: string, leaves: ReadonlyMap<string, Value>, nodes: readonly Node[]): void {
  const own = new Set([...leaves.values()].map(({ node }) => node));
  for (const node of nodes) {
    const { operation, attributes } = node;
    if (isLeaf(node) && (operation as unknown) !== literalLeaf && !own.has(node)) {
      throw new OptionError(where, `depends on ${operation.name} that it was not given`);
    }
    if ((operation as unknown) !== reduction) continue;
    const { operation: kind } = attributes as ReductionAttributes;
    if (kind !== 'sum') {
      throw new OptionError(where, `${kind} would count the zeros between the parameters; take a sum`);
    }
  }
}

/** What the function is for vectors of this length; undefined where it cannot take them. */
function describeAt(...given: Parameters<typeof traceOwn>): string | undefined {
  try {
    return JSON.stringify(describe(traceOwn(...given)));
  } catch {
    return undefined;
  }
}

/** The function as JSON: two that differ, be it in a number, compute something else. */
function describe({ leaves, results }: Traced): readonly object[] {
  const nodes = nodesOf([...results.values()]);
  const places = new Map(nodes.map((node, i) => [node, i]));
  const names = new Map([...leaves].map(([name, { node }]) => [node, name]));
  const placeOf = ({ node, index }: Value) => `${places.get(node)}${index === 0 ? '' : `.${index}`}`;
  const described = nodes.map((node) => {
    const name = names.get(node);
    if (name !== undefined) return { op: 'given', name };
    const { operation, inputs } = node;
    const isLiteral = (operation as unknown) === literalLeaf;
    const attributes = isLiteral ? literalOf(node) : (node.attributes as object);
    return { op: operation.name, ...(inputs.length > 0 && { of: inputs.map(placeOf) }), ...attributes };
  });
  return [...described, ...[...results].map(([name, value]) => ({ [name]: placeOf(value) }))];
}

function literalOf(node: Node): object {
  const { shape, values } = attributesOf(node, literalLeaf);
  // JSON has no zero below 0.
  return {
    shape: shape.dims,
    values: Array.from(values, (value) => (Object.is(value, -0) ? '-0' : value)),
  };
}

function bindOwn(
  { leaves, results }: Traced,
  { update, parameters, slots, arena, partsOf }: TransformTensors,
): (step: number, learningRate: number) => void {
  const tensors = new Map<string, Tensor>([
    ['update', update],
    ['parameter', parameters],
  ]);
  const kept = [...leaves.keys()].filter((name) => name.startsWith('slots.'));
  for (const [i, name] of kept.entries()) tensors.set(name, slots[i]);
  const scalars = ['step', 'learningRate'].map((name) => {
    const tensor = arena.tensor('float', [1]);
    tensors.set(name, tensor);
    return addScaled(tensor, arena.tensor('float', [1]).fill(1));
  });
  const program = programOf({ forward: [...results.values()], loss: [], backward: [] });
  const placed = new Map([...leaves].map(([name, value]) => [program.slotOf(value), tensors.get(name)!]));
  const wanted = [...results].flatMap(([name, value]) => {
    const [slot, over] = [program.slotOf(value), program.slotOf(leaves.get(name)!)];
    // What stays as it is needs nothing; copies are read before anything is looked at that may be written
    // over.
    return slot === over ? [] : [{ slot: ownSlot(program, slot, value.node), over, to: tensors.get(name)! }];
  });
  const copies = wanted.filter(({ slot, over, to }) => {
    if (placed.has(slot) || !mayReplace(program, slot, over)) return true;
    placed.set(slot, to);
    return false;
  });
  const memory = new Memory(arena, program, 1, placed, true);
  const bound = bindProgram(memory, 1, {
    ...{ arena, state: { training: true, step: 1, batch: 0 }, seed: 0 },
    ...{ streamOf: () => 0, packed: () => undefined, sparse: () => undefined },
  });
  const calls: Call[] = callsOf(bound, 'forward');
  for (const { slot, to } of copies) {
    const copy = addScaled(to, memory.tensor(slot));
    calls.push(() => copy(1, false));
  }
  for (const name of results.keys()) calls.push(...clearPadding(partsOf(tensors.get(name)!)));
  const [setStep, setRate] = scalars;
  return (step, learningRate) => {
    setStep(step, false);
    setRate(learningRate, false);
    for (let i = 0; i < calls.length; i++) calls[i]();
  };
}

/** Zeros between the rows of each parameter: what a function makes of zeros need not be one. */
function clearPadding(parts: readonly Tensor[]): Call[] {
  return parts.flatMap((part) => {
    const { columns, ld } = part;
    if (ld === columns) return [];
    const rows = part.size / columns;
    const [shape, strides] = [
      [rows, ld - columns],
      [ld, 1],
    ];
    return [fill({ y: { ...viewOf(part), offset: columns, shape, strides }, value: 0 })];
  });
}

/**
 * Whether the step that makes a result may write it over what was given: nobody reads that afterwards, and
 * the step itself only if it may work in place.
 */
function mayReplace(program: Program, slot: Slot, over: Slot): boolean {
  const { steps } = program;
  const originals = new Map<Slot, Slot>();
  const root = (own: Slot) => originals.get(own) ?? own;
  for (const { operation, inputs, outputs } of steps) {
    if (operation.alias && outputs[0]) originals.set(outputs[0], root(inputs[0]));
  }
  const maker = makersOf(program).get(slot);
  if (!maker || maker.operation.alias) return false;
  const reads = (step: Step) => step.inputs.flatMap((input, i) => (root(input) === over ? [i] : []));
  if (steps.slice(steps.indexOf(maker) + 1).some((step) => reads(step).length > 0)) return false;
  const own = reads(maker);
  return own.length === 0 || (own.length === 1 && maker.operation.inPlace?.includes(own[0]) === true);
}

/** The slot itself; of what was given, or is another name for something, a copy at the end of the program. */
function ownSlot(program: Program, slot: Slot, node: Node): Slot {
  const maker = makersOf(program).get(slot);
  if (maker && !maker.operation.alias) return slot;
  const copy: Slot = { shape: slot.shape, kind: 'computed' };
  program.steps.push({
    ...{ operation: copyOf as Operation, inputs: [slot], outputs: [copy], attributes: {} },
    ...{ part: 'forward', node, notes: [] },
  });
  (program.kept as Set<Slot>).add(copy);
  return copy;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]\w*$/.test(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName) && new Set(value).size === value.length;
}

function isFunction(value: unknown): value is OwnTransform['apply'] {
  return typeof value === 'function';
}
