/** A model of the layers that were read: a list of them where they stand in a row, else a network. */
import { input } from '../../graph/leaves.js';
import { type Scope, type Value, withinAll } from '../../graph/value.js';
import { callAnew, type Layer } from '../../nn/layer.js';
import { makeLayer } from '../../nn/layers.js';
import { type Network, setParameters } from '../../nn/model.js';
import { network } from '../../nn/network.js';
import { sequential } from '../../nn/sequential.js';
import type { Step, StepValue } from './reading.js';

/** What a network's only input and output are called. */
export interface PortNames {
  readonly input: string;
  readonly output: string;
}

/**
 * @param last What makes the output.
 * @param inputShape Of one row, as it is here.
 * @param ports As the file calls them; those of a list of layers have names of their own.
 */
export function buildModel(last: Step, inputShape: readonly number[], ports: PortNames): Network {
  const steps = ordered(last);
  const isList = steps.every(
    ({ inputs, compute }, i) => !compute && inputs.length === 1 && inputs[0] === steps[i - 1],
  );
  return isList ? listOf(steps, inputShape) : networkOf(steps, inputShape, ports);
}

/** All that a step is made of, each after those that it is made of. */
function ordered(last: Step): Step[] {
  const known = new Set<Step>();
  // By hand, not by recursion: a graph may be deep.
  const stack: Step[] = [last];
  for (let step = stack.at(-1); step; step = stack.at(-1)) {
    const missing = step.inputs.filter((own): own is Step => own !== undefined && !known.has(own));
    if (missing.length > 0) stack.push(...missing);
    else {
      known.add(step);
      stack.pop();
    }
  }
  return [...known];
}

function layerOf({ kind, config }: Step, index: number): Layer {
  return makeLayer({ kind, ...config }, index);
}

function listOf(steps: readonly Step[], inputShape: readonly number[]): Network {
  const shape = inputShape.length === 1 ? inputShape[0] : inputShape;
  const model = sequential(shape, steps.map(layerOf));
  fill(
    model,
    steps,
    steps.map((_, i) => `${i}`),
  );
  return model;
}

function networkOf(steps: readonly Step[], inputShape: readonly number[], ports: PortNames): Network {
  const x = input(inputShape);
  const names = namesOf(steps);
  const values = new Map<Step | undefined, Value>([[undefined, x]]);
  const around = new Map<string, Scope>();
  for (const [i, step] of steps.entries()) {
    const of = step.inputs.map((own) => values.get(own)!);
    values.set(step, step.compute ? step.compute(...of) : called(layerOf(step, i), names[i], of[0], around));
  }
  const model = network({ [ports.input]: x }, { [ports.output]: values.get(steps.at(-1))! });
  fill(model, steps, names);
  return model;
}

/** A layer within those that its name says: `block.conv`. */
function called(layer: Layer, name: string, value: Value, around: Map<string, Scope>): Value {
  const names = name.split('.');
  const scopes = names.slice(0, -1).map((own, i): Scope => {
    const path = names.slice(0, i + 1).join('.');
    const scope = around.get(path) ?? { name: own, owner: {} };
    around.set(path, scope);
    return scope;
  });
  return withinAll(scopes, () => callAnew(layer, names[names.length - 1], value));
}

/** As the file calls them, or by what they are, none twice. */
function namesOf(steps: readonly Step[]): string[] {
  const taken = new Set<string>();
  return steps.map(({ name, kind }) => {
    const own = name ?? kind;
    let free = own;
    for (let i = 1; taken.has(free); i++) free = `${own}_${i}`;
    taken.add(free);
    return free;
  });
}

function fill(model: Network, steps: readonly Step[], names: readonly string[]): void {
  const all = steps.flatMap(({ parameters }, i) =>
    [...parameters].map(([own, value]): [string, StepValue] => [`${names[i]}.${own}`, value]),
  );
  setParameters(model, new Map(all));
}
