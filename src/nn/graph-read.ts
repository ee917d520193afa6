/**
 * A model from the JSON that graph-file.ts makes of its graph. Whatever is read is taken for hostile: nodes
 * are made by their operations again, which check the shapes, and nothing is allocated before the caller has
 * seen what parameters there are.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { bufferLeaf, inputLeaf, literalLeaf, parameterLeaf } from '../graph/leaves.js';
import { apply, MAX_DEPTH, type Node, nodesOf, type Scope, type Value, withinAll } from '../graph/value.js';
import { sizeOf } from '../ops/operation.js';
import { isLengths } from '../ops/read.js';
import { operations } from '../ops/registry.js';
import { zeros } from './initializers.js';
import type { Network } from './model.js';
import { networkOf } from './network.js';

/** A parameter or buffer that a graph has, before it has values. */
export interface GraphParameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Numbers that a value of one row may have: what fits in a WebAssembly memory. */
const MAX_SIZE = 2 ** 30;

/**
 * The model that a description is of, with zeros for its parameters' values.
 *
 * @param check Is called with the parameters and buffers before any is allocated.
 * @throws OptionError or ShapeError, which name the node, for a description that `describeGraph` does not
 * make.
 */
export function readGraph(
  where: string,
  given: unknown,
  seed: number,
  check: (parameters: readonly GraphParameter[]) => void,
): Network {
  const reader = new OptionReader(where, given);
  const inputs = readPlaces(where, 'inputs', reader);
  const outputs = readPlaces(where, 'outputs', reader);
  const kinds = readKinds(where, reader);
  const nodes = reader.required('nodes', 'a list of nodes', isNodes);
  reader.end();
  const names = new Map<Node, string>();
  const streams = new Map<Node, number>();
  const { scopesOf, segments } = scopesBy(kinds);
  const values: (readonly Value[])[] = [];
  const find = valueAmong(values);
  for (const [place, own] of nodes.entries()) {
    const at = `${where}, node ${place}`;
    values.push(
      readNode(at, own, {
        find,
        scopesOf,
        leaf: (op, leafReader) => readLeaf(op, leafReader, (node, name) => names.set(node, name)),
        stream: (node, stream) => streams.set(node, stream),
      }),
    );
  }
  const port = (what: string, places: ReadonlyMap<string, string>) =>
    new Map([...places].map(([name, place]) => [name, find(`${where}, ${what} ${show(name)}`, place)]));
  const ports = [port('input', inputs), port('output', outputs)] as const;
  checkUsed(where, nodes.length, ports);
  const parameters = [...names].map(
    ([
      {
        outputs: [value],
      },
      name,
    ]) => ({ name, shape: value.shape.dims }),
  );
  checkNames(where, parameters);
  check(parameters);
  return networkOf(where, ...ports, { seed, streams, names: segments, named: (node) => names.get(node)! });
}

/**
 * Every node leads to an output; else the places of nodes, by which streams of random numbers go, would be
 * others.
 */
function checkUsed(
  where: string,
  count: number,
  [inputs, outputs]: readonly [ReadonlyMap<string, Value>, ReadonlyMap<string, Value>],
): void {
  const used = nodesOf([...outputs.values()]);
  if (used.length !== count) {
    throw new OptionError(where, `expected ${count} nodes that lead to an output, given ${used.length}`);
  }
  for (const [name, { node }] of inputs) {
    if ((node.operation as unknown) === inputLeaf) continue;
    throw new OptionError(where, `input ${show(name)}: expected an input, given ${node.operation.name}`);
  }
  if (new Set(inputs.values()).size !== inputs.size) {
    throw new OptionError(where, 'two inputs are one node');
  }
}

function checkNames(where: string, parameters: readonly GraphParameter[]): void {
  const seen = new Set<string>();
  for (const { name } of parameters) {
    if (seen.has(name)) throw new OptionError(where, `two parameters are named ${show(name)}`);
    seen.add(name);
  }
}

/** What the nodes of a graph, or of a loss, are read with. */
export interface NodeContext {
  /** The value that a node names as one of its inputs. */
  find(where: string, name: string): Value;
  /** The layers around it. */
  scopesOf?(where: string, path: string): readonly Scope[];
  /** The value of a leaf that is no literal; undefined where there is none of this name. */
  leaf?(op: string, reader: OptionReader): Value | undefined;
  stream?(node: Node, stream: number): void;
}

/** The outputs of one node. Throws in its name. */
export function readNode(where: string, given: unknown, context: NodeContext): readonly Value[] {
  const reader = new OptionReader(where, given);
  const op = reader.string('op');
  const of = reader.optional('of', 'a list of places', isStrings) ?? [];
  const path = reader.optional('in', 'the names of layers', isString);
  const scopes = path === undefined ? [] : (context.scopesOf?.(where, path) ?? []);
  const inputs = of.map((name) => context.find(where, name));
  const known = operations.get(op);
  if (known) {
    const { operation, takes } = known;
    const stream =
      operation.random && context.stream ? reader.optional('stream', 'a whole number', isStream) : undefined;
    const attributes = operation.read?.(reader) ?? {};
    reader.end();
    if (!takes(inputs.length, attributes)) {
      throw new OptionError(where, `${op}: expected another number of inputs, given ${inputs.length}`);
    }
    const outputs = withinAll(scopes, () => named(where, () => apply(operation, inputs, attributes)));
    for (const { shape } of outputs) checkSize(where, shape.dims);
    if (stream !== undefined) context.stream?.(outputs[0].node, stream);
    return outputs;
  }
  if (of.length > 0) throw new OptionError(where, `unknown operation ${show(op)} of ${show(of)}`);
  return withinAll(scopes, () => {
    const value = op === 'literal' ? readLiteral(where, reader) : context.leaf?.(op, reader);
    if (!value) throw new OptionError(where, `unknown operation ${show(op)}`);
    reader.end();
    return [value];
  });
}

/** What is thrown names the node as well. */
function named<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof OptionError)) throw error;
    throw new ShapeError(where, error.message, { cause: error });
  }
}

/** Values by the places of their nodes: `3`, or `3.1`. */
export function valueAmong(values: readonly (readonly Value[])[]): NodeContext['find'] {
  return (where, name) => {
    const [, node, output = '0'] = /^(0|[1-9]\d{0,8})(?:\.([1-9]))?$/.exec(name) ?? [];
    const value = node === undefined ? undefined : values[Number(node)]?.[Number(output)];
    if (value) return value;
    throw new OptionError(where, `expected the place of a node before it, given ${show(name)}`);
  };
}

function readLeaf(
  op: string,
  reader: OptionReader,
  named: (node: Node, name: string) => void,
): Value | undefined {
  if (op !== 'input' && op !== 'parameter' && op !== 'buffer') return undefined;
  const dims = reader.required('shape', 'a list of lengths of at least 1', isDims);
  checkSize('shape', dims);
  if (op === 'input') return apply(inputLeaf, [], { shape: { rows: true, dims } })[0];
  const name = reader.required('name', 'a name', isName);
  const isParameter = op === 'parameter';
  const [value] = apply(isParameter ? parameterLeaf : bufferLeaf, [], {
    ...{ shape: { rows: false, dims }, name: name.slice(name.lastIndexOf('.') + 1), initializer: zeros() },
    penalised: isParameter && reader.boolean('penalised', false),
    trainable: isParameter && reader.boolean('trainable', true),
  });
  named(value.node, name);
  return value;
}

function readLiteral(where: string, reader: OptionReader): Value {
  const dims = reader.required('shape', 'a list of lengths of at least 1', isLengths);
  const values = reader.required('values', 'a list of finite numbers', isNumbers);
  checkSize(where, dims);
  const shape = { rows: false, dims };
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(
      where,
      `expected ${sizeOf(shape)} values for [${dims.join(', ')}], given ${values.length}`,
    );
  }
  return apply(literalLeaf, [], { shape, values: values.map(Number) })[0];
}

function checkSize(where: string, dims: readonly number[]): void {
  const size = elementsOf(dims);
  if (size <= MAX_SIZE) return;
  throw new OptionError(where, `[${dims.join(', ')}]: expected at most ${MAX_SIZE} numbers, given ${size}`);
}

function readPlaces(where: string, what: string, reader: OptionReader): ReadonlyMap<string, string> {
  const given = reader.required(what, 'places of nodes by name', isObject);
  const places = Object.entries(given);
  if (places.length === 0) throw new OptionError(where, `${what}: expected at least one`);
  for (const [name, place] of places) {
    if (typeof place !== 'string' || name === '') {
      throw new OptionError(where, `${what}: ${show(name)}: expected a place, given ${show(place)}`);
    }
  }
  return new Map(places as [string, string][]);
}

function readKinds(where: string, reader: OptionReader): ReadonlyMap<string, string> {
  const kinds = Object.entries(reader.optional('layers', 'kinds of layers by name', isObject) ?? {});
  for (const [path, kind] of kinds) {
    if (typeof kind === 'string' && kind !== '') continue;
    throw new OptionError(where, `layers: ${show(path)}: expected what it is, given ${show(kind)}`);
  }
  return new Map(kinds as [string, string][]);
}

/** Layers by their paths, each made once; and their names in the model. */
function scopesBy(kinds: ReadonlyMap<string, string>) {
  const known = new Map<string, readonly Scope[]>();
  const owners = new Map<string, Scope>();
  const segments = new Map<object, string>();
  const scopesOf = (at: string, path: string): readonly Scope[] => {
    const before = known.get(path);
    if (before) return before;
    const names = path.split('.');
    if (names.length > MAX_DEPTH || names.includes('')) {
      throw new OptionError(at, `in: expected the names of at most ${MAX_DEPTH} layers, given ${show(path)}`);
    }
    const scopes = names.map((name, i): Scope => {
      const own = names.slice(0, i + 1).join('.');
      const scope = owners.get(own) ?? scopeOf(name, kinds.get(own));
      owners.set(own, scope);
      segments.set(scope.owner, name);
      return scope;
    });
    known.set(path, scopes);
    return scopes;
  };
  return { scopesOf, segments };
}

function scopeOf(name: string, kind: string | undefined): Scope {
  return { name, owner: {}, ...(kind !== undefined && kind !== name && { kind }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNodes(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isDims(value: unknown): value is readonly number[] {
  return isLengths(value) && value.length > 0;
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isString);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s*?/]+$/.test(value);
}

function isStream(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

function isNumbers(value: unknown): value is readonly (number | '-0')[] {
  const isNumber = (own: unknown) =>
    own === '-0' || (typeof own === 'number' && Number.isFinite(Math.fround(own)));
  return Array.isArray(value) && value.every(isNumber);
}
