/**
 * Optimizers from their configurations, chains and transforms of one's own among them. Whatever is read is
 * taken for hostile.
 */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Value } from '../graph/value.js';
import { optimizer } from './chain.js';
import { readNode, valueAmong } from './graph-read.js';
import { type Optimizer, optimizerOf } from './optimizers.js';
import { type Schedule, scheduleOf } from './schedules.js';
import { transformOf } from './transforms/named.js';
import type { OwnTransform, Transform, TransformValues } from './transforms/transform.js';

type Config = Readonly<Record<string, unknown>>;

/**
 * The optimizer that a `config` describes: one of the library's, or a chain of its transforms and of one's
 * own.
 *
 * @throws OptionError or ShapeError for others.
 */
export function anyOptimizerOf(config: Config): Optimizer {
  if (!('transforms' in config)) return optimizerOf(config);
  const where = 'optimizerOf';
  const { kind, learningRate, transforms, ...options } = config;
  if (!isList(transforms)) {
    throw new OptionError(where, `transforms: expected a list, given ${show(transforms)}`);
  }
  const rate = typeof learningRate === 'object' ? scheduleOf(learningRate) : learningRate;
  return optimizer({
    ...options,
    name: kind as string,
    learningRate: rate as number | Schedule,
    transforms: transforms.map((one): Transform | OwnTransform =>
      isObject(one) && 'nodes' in one ? readOwn(where, one) : transformOf(where, one),
    ),
  });
}

/** A transform with the function that its nodes are of; `optimizer` tries it, and so checks the shapes. */
function readOwn(where: string, config: Config): OwnTransform {
  const name = `${where}, transform ${show(config.name)}`;
  const reader = new OptionReader(name, config);
  const own = reader.string('name');
  const slots = reader.required('slots', 'a list of names', isList) as readonly string[];
  const nodes = reader.required('nodes', 'a list of nodes', isList);
  const sized = reader.boolean('sized', false);
  reader.end();
  if (sized) {
    throw new OptionError(
      name,
      'its function depends on how many parameters there are, and not on their values alone; make the optimizer where it is used',
    );
  }
  return { name: own, slots, apply: (given) => resultsOf(name, nodes, given) };
}

/**
 * Runs the nodes; those at the end, which are no operations, say what becomes of the update and of each slot.
 */
function resultsOf(where: string, nodes: readonly unknown[], given: TransformValues) {
  const { slots, ...others } = given;
  const leaves = new Map<string, Value>(Object.entries(others));
  for (const [slot, value] of Object.entries(slots)) leaves.set(`slots.${slot}`, value);
  const leaf = (op: string, reader: OptionReader) =>
    op === 'given' ? leaves.get(reader.string('name')) : undefined;
  const values: (readonly Value[])[] = [];
  const find = valueAmong(values);
  const results = new Map<string, Value>();
  for (const [place, node] of nodes.entries()) {
    const at = `${where}, node ${place}`;
    if (!isObject(node) || 'op' in node) {
      values.push(readNode(at, node, { find, leaf }));
      continue;
    }
    for (const [name, value] of Object.entries(node)) results.set(name, find(at, String(value)));
  }
  const kept = Object.keys(slots).map((slot) => [slot, results.get(`slots.${slot}`)] as const);
  const unknown = [...results.keys()].find((name) => name !== 'update' && !leaves.has(name));
  if (unknown !== undefined) throw new OptionError(where, `there is no slot ${show(unknown)}`);
  // What is missing, the transform says that it is missing.
  return { update: results.get('update')!, slots: Object.fromEntries(kept) as Record<string, Value> };
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
