/**
 * The program of a model: its outputs and, where it is trained, the gradients of what is trainable, after the
 * passes.
 */
import { OptionError } from '../base/errors.js';
import { derive } from '../graph/derive.js';
import { seedLeaf } from '../graph/leaves.js';
import { type PassName, passes } from '../graph/passes/index.js';
import { makersOf, type Program, programOf, type Slot, type Step } from '../graph/program.js';
import { applyOne, type Value } from '../graph/value.js';
import { copyOf } from '../ops/gradients.js';
import { type ProductAttributes, product } from '../ops/matmul.js';
import type { Operation } from '../ops/operation.js';
import type { HeadSpec } from './head.js';
import type { Graph, Network, Parameter } from './model.js';

export interface Training {
  readonly program: Program;
  /** Of each output. */
  readonly heads: readonly TracedHead[];
  /** Of each parameter; undefined for one that is frozen, or that nothing depends on. */
  readonly gradients: readonly (Slot | undefined)[];
  /** Products that make a parameter's gradient, and after which nothing reads either: it may be updated then. */
  readonly fusible: ReadonlyMap<Step, Slot>;
}

/** What the loss of an output has in the graph. */
export interface TracedHead {
  /**
   * Where the loss writes the gradient: at the output, or at the loss itself where that is a function of
   * values.
   */
  readonly seed: Value | undefined;
  /** The output, or that loss. */
  readonly at: Value;
  /** Of a loss that is a function of values: what it reads, and what it gives. */
  readonly own: { readonly target: Value; readonly weights: Value; readonly value: Value } | undefined;
}

export function isTrainable({ trainable }: Parameter): boolean {
  return trainable !== false;
}

export function trainingOf(
  where: string,
  graph: Graph,
  model: Network,
  {
    specs,
    trains,
    without = [],
  }: { specs: readonly HeadSpec[]; trains: boolean; without?: readonly PassName[] | undefined },
): Training {
  const heads = specs.map((spec, i): TracedHead => {
    const own = spec.loss.compute && spec.loss.trace!(where, graph, spec, graph.outputs[i]);
    const at = own?.value ?? graph.outputs[i];
    return { own, at, seed: trains ? applyOne(seedLeaf, [], { shape: at.shape, head: i }) : undefined };
  });
  const wanted = graph.parameters.filter((_, i) => isTrainable(model.parameters[i]));
  const seeds = trains ? heads.map(({ at, seed }) => ({ value: at, gradient: seed! })) : [];
  const derived = derive(seeds, wanted);
  const found = graph.parameters.map((value) => derived[wanted.indexOf(value)]);
  if (trains && graph.parameters.length > 0 && found.every((value) => value === undefined)) {
    throw new OptionError(
      where,
      wanted.length === 0
        ? 'all parameters are frozen: nothing can be trained'
        : `nothing that is trained has a gradient: the loss ${specs.map(({ loss }) => loss.kind).join(', ')} does not depend on it`,
    );
  }
  const program = programOf({
    forward: graph.outputs,
    loss: heads.flatMap(({ own }) => (own ? [own.value] : [])),
    backward: found.filter((value) => value !== undefined),
  });
  for (const value of graph.parameters) program.slotOf(value).frozen = !wanted.includes(value);
  for (const pass of passes) if (!without.includes(pass.name)) pass.run(program);
  const gradients = found.map((value) => value && program.slotOf(value));
  ownGradients(program, gradients);
  const parameters = graph.parameters.map((value) => program.slotOf(value));
  const fusible = without.includes('updateWithGradient')
    ? new Map()
    : fusibleOf(program, parameters, gradients);
  return { program, heads, gradients, fusible };
}

function fusibleOf(
  program: Program,
  parameters: readonly Slot[],
  gradients: readonly (Slot | undefined)[],
): Training['fusible'] {
  const lastReads = new Map<Slot, number>();
  for (const [at, { operation, inputs }] of program.steps.entries()) {
    // Who reads an alias of it is not asked: it may be anyone.
    const last = operation.alias ? Number.POSITIVE_INFINITY : at;
    for (const slot of inputs) lastReads.set(slot, Math.max(last, lastReads.get(slot) ?? 0));
  }
  const fusible = new Map<Step, Slot>();
  for (const [at, step] of program.steps.entries()) {
    const gradient = step.outputs[0]!;
    const parameter = parameters[gradients.indexOf(gradient)];
    if (!parameter || !isWeightGradient(step) || lastReads.has(gradient)) continue;
    if (lastReads.get(parameter)! < at) fusible.set(step, parameter);
  }
  return fusible;
}

function isWeightGradient({ operation, attributes }: Step): boolean {
  const { form, flat } = attributes as ProductAttributes;
  return (operation as unknown) === product && form === 'tn' && flat;
}

/**
 * Each parameter's gradient in a slot of its own, which nothing else writes: where it is another value as
 * well, it is copied.
 */
function ownGradients(program: Program, gradients: (Slot | undefined)[]): void {
  const makers = makersOf(program);
  const seen = new Set<Slot>();
  for (const [i, slot] of gradients.entries()) {
    if (!slot) continue;
    const maker = makers.get(slot);
    if (maker && !maker.operation.alias && !seen.has(slot) && maker.part === 'backward') {
      seen.add(slot);
      continue;
    }
    const copy: Slot = { shape: slot.shape, kind: 'computed' };
    const node = maker?.node ?? slot.node!;
    program.steps.push({
      ...{ operation: copyOf as Operation, inputs: [slot], outputs: [copy], attributes: {} },
      ...{ part: 'backward', node, notes: ['a copy: another has it too'] },
    });
    (program.kept as Set<Slot>).add(copy);
    gradients[i] = copy;
  }
}
