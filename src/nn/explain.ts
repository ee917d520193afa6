/**
 * What a step of a model runs, in order: which calls, of which layers, what each pass did to them, where
 * results lie in memory. It is made of the model's program alone, without an engine.
 */
import { OptionReader } from '../base/options.js';
import { layoutOf, placeSlots } from '../graph/places.js';
import type { Program, Slot, Step } from '../graph/program.js';
import type { Scope, Value } from '../graph/value.js';
import { type ProductAttributes, product, takesSgd } from '../ops/matmul.js';
import { batchNormOperation } from '../ops/norm.js';
import { headsOf } from './head.js';
import { type Loss, type LossFunction, type LossName, resolveLoss } from './losses.js';
import { type Graph, graphOf, type Network } from './model.js';
import { isOptimizer, OPTIMIZER, type Optimizer } from './optimizers.js';
import { traceable } from './own-loss.js';
import { wordFor } from './summary-graph.js';
import { formatBytes, grid } from './table.js';
import { type Training, trainingOf } from './training.js';
import { valuesOf } from './values.js';

/** What `explain` explains. */
export interface ExplainOptions {
  /** By default the model's own; `softmaxCrossEntropy` for one that has not been trained. */
  loss?: LossName | Loss | LossFunction;
  /** What updates the parameters; only its name and state are told. */
  optimizer?: Optimizer;
  /** Rows of a batch; 32 by default. */
  rows?: number;
}

/** One call, or the few of one operation. */
export interface ExplainedStep {
  /** When it runs: with the outputs, with the loss, or with the gradients. */
  readonly part: Step['part'];
  readonly operation: string;
  /** The layer by its name, with those around it: `block.dense`. Empty outside of any. */
  readonly layer: string;
  readonly reads: readonly ExplainedValue[];
  readonly gives: readonly ExplainedValue[];
  /** What passes did, and whose memory its result takes. */
  readonly notes: readonly string[];
}

/**
 * What a step reads or gives: by its name, or by the step that makes it, `#3`; for a batch of so many rows.
 */
export interface ExplainedValue {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A list of calls and what memory they need. */
export interface ExplainedProgram {
  readonly steps: readonly ExplainedStep[];
  /** Bytes of what is computed; `withoutSharing` is what it would be with memory of its own for each. */
  readonly bytes: { readonly computed: number; readonly withoutSharing: number };
}

/** What a model runs. `String(explain(model))` is for people. */
export interface Explanation {
  readonly rows: number;
  readonly loss: string;
  readonly prediction: ExplainedProgram;
  /** Absent where nothing is trainable. */
  readonly training?: ExplainedProgram;
  /** Bytes of the parameters, and in training of their gradients and the optimizer's state. */
  readonly bytes: { readonly parameters: number; readonly gradients: number; readonly optimizer: number };
  toString(): string;
}

/**
 * The calls that a step and a prediction run, with what each pass did, and the bytes that they need.
 *
 * @throws OptionError for something that is no model, an unknown option, or a loss that is not for its
 * outputs.
 */
export function explain(model: Network, options?: ExplainOptions): Explanation {
  const where = 'explain';
  const graph = graphOf(where, model);
  const reader = new OptionReader(where, options);
  const given = reader.any('loss') ?? model.loss ?? 'softmaxCrossEntropy';
  const optimizer = reader.optional('optimizer', OPTIMIZER, isOptimizer);
  const rows = reader.integer('rows', { min: 1 }, 32);
  reader.end();
  const loss = traceable(resolveLoss(where, given));
  const specs = headsOf(where, model, loss);
  const trained = model.parameters.filter(({ trainable }) => trainable !== false);
  const training = trained.length > 0 ? trainingOf(where, graph, model, { specs, trains: true }) : undefined;
  const gradients = 4 * trained.reduce((total, own) => total + valuesOf(own).length, 0);
  // Who predicts computes no loss.
  const bare = specs.map(({ loss: { compute: _, ...rest }, ...spec }) => ({ ...spec, loss: rest }));
  const predicting = trainingOf(where, graph, model, { specs: bare, trains: false });
  const result = {
    rows,
    loss: loss.kind,
    prediction: explainProgram(model, graph, predicting, rows, false),
    ...(training && { training: explainProgram(model, graph, training, rows, optimizer?.plainSgd ?? false) }),
    bytes: {
      parameters: 4 * model.parameterCount,
      gradients,
      optimizer: gradients * (optimizer?.slots.length ?? 0),
    },
  };
  const update = optimizer?.kind;
  return Object.defineProperty(result, 'toString', { value: () => draw(result, update) });
}

function explainProgram(
  model: Network,
  graph: Graph,
  training: Training,
  rows: number,
  plainSgd: boolean,
): ExplainedProgram {
  const { program, fusible, heads } = training;
  const trains = heads.some(({ seed }) => seed);
  const placed = placedOf(graph, training);
  const { originals, blocks } = placeSlots(program, rows, placed, true);
  const apart = placeSlots(program, rows, placed, false);
  const nameOf = namer(model, graph, training);
  const steps = program.steps.map((step): ExplainedStep => {
    const { operation, attributes, inputs, outputs, part, node, notes } = step;
    const [result] = outputs;
    const original = result && originals.get(result);
    const memory = original && [
      operation.alias
        ? `nothing to do: lies where ${nameOf(original)} does`
        : `in the memory of ${nameOf(original)}`,
    ];
    const isFused = plainSgd && fusible.has(step) && fusesSgd(step, program, rows);
    const still = trains && (operation as unknown) === batchNormOperation && isFrozen(inputs);
    const named = (slot: Slot) => ({ name: nameOf(slot), shape: layoutOf(slot.shape, rows).shape });
    return {
      ...{
        part,
        layer: layerOf(graph, node.scopes),
        operation: callOf(step, wordFor({ operation, attributes })),
      },
      reads: inputs.map(named),
      gives: outputs.flatMap((slot) => (slot ? [named(slot)] : [])),
      notes: [
        ...notes,
        ...(memory ?? []),
        ...(isFused ? ['then the SGD step along with it'] : []),
        ...(still ? ['frozen: by its running statistics, which stay'] : []),
      ],
    };
  });
  const bytesOf = (lengths: readonly number[]) => 4 * lengths.reduce((total, length) => total + length, 0);
  return { steps, bytes: { computed: bytesOf(blocks), withoutSharing: bytesOf(apart.blocks) } };
}

function fusesSgd({ inputs: [x, dy] }: Step, { sparse }: Program, rows: number): boolean {
  return sparse.has(x) || takesSgd(layoutOf(dy.shape, rows).shape);
}

/** Of a batch norm's inputs, whether weight and bias are there and frozen. */
function isFrozen([, , , weight, bias]: readonly Slot[]): boolean {
  return weight?.frozen === true && bias?.frozen === true;
}

/** What lies in memory of its own beside what is computed: as the compiled model has it. */
function placedOf(graph: Graph, { program, heads, gradients }: Training): Set<Slot> {
  const values: Value[] = [...graph.inputs, ...graph.parameters, ...graph.buffers];
  for (const { seed, own } of heads) {
    if (seed) values.push(seed);
    if (own) values.push(own.target, own.weights);
  }
  const placed = new Set(values.map((value) => program.slotOf(value)));
  for (const slot of gradients) if (slot) placed.add(slot);
  return placed;
}

/** Names of what is given, and numbers of the steps by which the rest is made. */
function namer(
  model: Network,
  graph: Graph,
  { program, heads, gradients }: Training,
): (slot: Slot) => string {
  const names = new Map<Slot, string>();
  const add = (value: Value, name: string) => names.set(program.slotOf(value), name);
  for (const [i, value] of graph.inputs.entries()) add(value, model.inputs[i].name);
  for (const [i, value] of graph.parameters.entries()) add(value, model.parameters[i].name);
  for (const [i, value] of graph.buffers.entries()) add(value, model.buffers[i].name);
  for (const [i, { seed, own }] of heads.entries()) {
    const name = model.outputs[i].name;
    if (seed) add(seed, `the gradient at ${own ? 'the loss of ' : ''}${name}`);
    if (own) {
      add(own.target, `the target of ${name}`);
      add(own.weights, 'the weights of rows');
    }
  }
  for (const [i, slot] of gradients.entries()) {
    if (slot && !names.has(slot)) names.set(slot, `the gradient of ${model.parameters[i].name}`);
  }
  const makers = numbersOf(program);
  return (slot) => names.get(slot) ?? (slot.kind === 'literal' ? 'numbers' : (makers.get(slot) ?? 'a value'));
}

function numbersOf({ steps }: Program): Map<Slot, string> {
  const numbers = new Map<Slot, string>();
  for (const [i, { outputs }] of steps.entries()) {
    for (const [j, slot] of outputs.entries())
      if (slot) numbers.set(slot, `#${i + 1}${j > 0 ? `.${j}` : ''}`);
  }
  return numbers;
}

const FORMS = { nn: 'a·b', nt: 'a·bᵀ', tn: 'aᵀ·b' } as const;

function callOf({ operation, attributes, inputs }: Step, word: string): string {
  if ((operation as unknown) !== product) return word;
  const { form } = attributes as ProductAttributes;
  return `${word} ${FORMS[form]}${form === 'nn' && inputs.length > 2 ? ' + bias' : ''}`;
}

function layerOf(graph: Graph, scopes: readonly Scope[]): string {
  return scopes.map(({ owner, name }) => graph.names.get(owner) ?? name).join('.');
}

function draw(
  { rows, loss, training, prediction, bytes }: Omit<Explanation, 'toString'>,
  optimizer: string | undefined,
): string {
  const total = bytes.parameters + bytes.gradients + bytes.optimizer;
  const lines = [
    `prediction, batches of ${rows} rows: ${describeBytes(prediction)}`,
    ...drawSteps(prediction),
  ];
  if (training) {
    const [before, after] = [
      training.steps.findIndex(({ part }) => part !== 'forward'),
      training.steps.findIndex(({ part }) => part === 'backward'),
    ];
    const drawn = drawSteps(training);
    const heading = drawn.slice(0, 1);
    const at = (index: number) => (index < 0 ? training.steps.length : index);
    lines.push(
      '',
      `training, batches of ${rows} rows: ${describeBytes(training)}`,
      ...heading,
      ...drawn.slice(1, 1 + at(before)),
      `    the loss ${loss}`,
      ...drawn.slice(1 + at(before), 1 + at(after)),
      '    the gradients',
      ...drawn.slice(1 + at(after)),
      `    the update${optimizer === undefined ? '' : ` by ${optimizer}`}`,
    );
  }
  lines.push(
    '',
    `parameters ${formatBytes(bytes.parameters)}, gradients ${formatBytes(bytes.gradients)}, ` +
      `state of the optimizer ${formatBytes(bytes.optimizer)}: ${formatBytes(total)}`,
  );
  return lines.join('\n');
}

function describeBytes({ bytes }: ExplainedProgram): string {
  const { computed, withoutSharing } = bytes;
  const saved = withoutSharing > computed ? `, ${formatBytes(withoutSharing)} if nothing shared memory` : '';
  return `${formatBytes(computed)} for what is computed${saved}`;
}

function drawSteps({ steps }: ExplainedProgram): string[] {
  return grid(
    [
      ['  #', 'layer', 'call', 'reads', 'gives', 'notes'],
      ...steps.map(({ layer, operation, reads, gives, notes }, i) => {
        // What is the layer's own needs no more of its name, and a result none.
        const short = (name: string) => {
          const at = name.lastIndexOf(' ') + 1;
          const isOwn = layer !== '' && name.startsWith(`${layer}.`, at);
          return isOwn ? `${name.slice(0, at)}${name.slice(at + layer.length + 1)}` : name;
        };
        const results = gives.map(({ name, shape }) => {
          const isOnly = name.startsWith('#') && !name.includes('.');
          return `${isOnly ? '' : `${short(name)} `}[${shape.join(', ')}]`;
        });
        return [
          String(i + 1).padStart(3),
          layer,
          operation,
          reads.map(({ name }) => short(name)).join(', '),
          results.join(', '),
          notes.join('; '),
        ];
      }),
    ],
    [],
  );
}
