/**
 * A model's values as PyTorch keeps them, in a safetensors file: a state_dict with weights [out, in]. The
 * other side has the same layers in an `nn.Sequential`, where activations count as modules of their own:
 *
 *   sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)])
 *   nn.Sequential(nn.Linear(784, 300), nn.Sigmoid(), nn.Linear(300, 10))      0.weight, 0.bias, 2.weight, 2.bias
 *
 * Kernels of convolutions are [out, in, height, width] there, and images have their channels first: what
 * follows a flattened image is turned too (pytorch-order.ts).
 *
 * Any other model's values have their own names there, with dots, as those of a module whose parts are called
 * as the layers are: `block.dense_1.weight` for `self.block.dense_1 = nn.Linear(…)`; weights of dense layers
 * [out, in] too, all else as it is.
 *
 * A state_dict says nothing of activations or sizes: it is read into a model that is there. It opens no file.
 */

import { isFloat32Array, isFloat64Array, isStrings } from '../base/arrays.js';
import { DataError, FormatError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import { activations } from '../nn/activations.js';
import { dense } from '../nn/dense.js';
import { checkModel, type Network, setParameters } from '../nn/model.js';
import { isPlain, type Sequential, sequential } from '../nn/sequential.js';
import { gathered } from './axes.js';
import { checkFile } from './bytes.js';
import { BATCHES, dotted, type ModuleValue, modulesOf, orderModules } from './pytorch-modules.js';
import type { Turn } from './pytorch-order.js';
import { readSafetensors, type SafeTensor, type WritableTensor, writeSafetensors } from './safetensors.js';

/** How the names in a state_dict are made. */
export interface PytorchOptions {
  /**
   * What all names begin with, such as `net.` for a module that keeps the sequential as `self.net`; nothing
   * by default.
   */
  prefix?: string;
}

/** How the modules of a state_dict are found and ordered. */
export interface ReadPytorchOptions extends PytorchOptions {
  /**
   * The modules that have parameters, in the order of the layers, such as ['hidden', 'out']. Needed only
   * where their names do not end in a number that says the order.
   */
  modules?: readonly string[];
}

/**
 * The bytes of a safetensors file that `load_state_dict(safetensors.torch.load_file(path))` takes.
 *
 * @throws DataError when a value is NaN or infinite.
 */
export function writePytorch(model: Network, options?: PytorchOptions): Uint8Array {
  const where = 'writePytorch';
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const prefix = reader.string('prefix', '');
  reader.end();
  const tensors = new Map<string, WritableTensor>();
  for (const { module, values: own } of modulesOf(where, model)) {
    for (const { name, own: key, shape, values, turn } of own) {
      const at = values.findIndex((value) => !Number.isFinite(value));
      if (at >= 0)
        throw new DataError(where, `parameter ${name}: expected finite values, given ${values[at]} at ${at}`);
      tensors.set(`${prefix}${dotted(module, key)}`, {
        dtype: 'F32',
        shape: turn?.shape ?? shape,
        data: turn ? gathered(values, turn.places) : values,
      });
      if (key === 'running_var') {
        tensors.set(`${prefix}${dotted(module, BATCHES)}`, {
          dtype: 'I64',
          shape: [],
          data: BigInt64Array.of(0n),
        });
      }
    }
  }
  return writeSafetensors(tensors, { format: 'pt' });
}

/**
 * Fills `model` with the values of a state_dict. Of a list of layers, modules with parameters are matched
 * with those that have some, in order; of any other model tensors are matched by its own names. Half floats
 * and doubles are converted.
 *
 * @param where The file's name, for messages.
 * @throws FormatError when the file is not safetensors, modules are more or fewer than layers, a tensor is
 * missing, left over, of
 *   another shape or not of floats, or a value is NaN or infinite. The model then stays as it was.
 * @throws OptionError for `modules` that are not in the file or not one a layer, or given for a model that is
 * no list of layers.
 */
export function readPytorch(
  bytes: Uint8Array,
  where: string,
  model: Network,
  options?: ReadPytorchOptions,
): void {
  const file = checkFile('readPytorch', bytes, where);
  checkModel('readPytorch', model);
  const { prefix, modules: given } = readOptions('readPytorch', options, false);
  const fail: (problem: string) => never = (problem) => {
    throw new FormatError(where, problem);
  };
  const groups = groupByModule(readSafetensors(file, where).tensors, prefix, fail);
  if (!isPlain(model) && given) {
    throw new OptionError('readPytorch', 'option modules: expected only for a list of layers');
  }
  const expected = modulesOf('readPytorch', model);
  const found = [...groups.keys()];
  const modules =
    given ?? (isPlain(model) ? orderModules(found, fail) : alignModules(found, expected, prefix, fail));
  if (modules.length !== expected.length || new Set(modules).size !== expected.length) {
    const problem = `expected ${expected.length} modules, one for each layer with parameters, given ${show(modules)}`;
    if (given) throw new OptionError('readPytorch', `option modules: ${problem}`);
    fail(problem);
  }
  const values = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [place, module] of modules.entries()) {
    const group = groups.get(module);
    if (!group)
      throw new OptionError('readPytorch', `option modules: the file has no module ${show(module)}`);
    group.delete(BATCHES);
    for (const value of expected[place].values) {
      const { name, own } = value;
      const full = `${prefix}${dotted(module, own)}`;
      const tensor = group.get(own);
      if (!tensor) fail(`tensor ${show(full)} is missing`);
      group.delete(own);
      values.set(
        name,
        convert(tensor, value, (problem) => fail(`tensor ${show(full)}: ${problem}`)),
      );
    }
    for (const own of group.keys())
      fail(`the model has nothing for tensor ${show(`${prefix}${dotted(module, own)}`)}`);
  }
  const known = new Set(modules);
  for (const module of groups.keys()) {
    if (!known.has(module)) fail(`the model has no layer for module ${show(prefix + module)}`);
  }
  setParameters(model, values);
}

/**
 * A model of dense layers alone, from a state_dict that holds nothing but linear modules. Which activation
 * stands between them a state_dict does not say.
 *
 * @throws as `readPytorch` does, and FormatError when weights do not follow each other.
 */
export function denseFromPytorch(
  bytes: Uint8Array,
  where: string,
  options: ReadPytorchOptions & { /** Of all layers but the last. */ activation: Activation },
): Sequential {
  const reader = 'denseFromPytorch';
  const file = checkFile(reader, bytes, where);
  const { prefix, modules: given, activation } = readOptions(reader, options, true);
  const fail: (problem: string) => never = (problem) => {
    throw new FormatError(where, problem);
  };
  const groups = groupByModule(readSafetensors(file, where).tensors, prefix, fail);
  const modules = given ?? orderModules([...groups.keys()], fail);
  let width: number | undefined;
  const layers = modules.map((module, place) => {
    const name = show(`${prefix}${module}.weight`);
    const shape = groups.get(module)?.get('weight')?.shape;
    if (shape === undefined) return fail(`tensor ${name} is missing`);
    if (shape.length !== 2) fail(`tensor ${name}: expected a matrix [out, in], given [${shape.join(', ')}]`);
    if (place > 0 && shape[1] !== width) {
      fail(`tensor ${name}: takes ${shape[1]} values, but the module before it gives ${width}`);
    }
    width = shape[0];
    const bias = groups.get(module)?.has('bias') ?? false;
    const last = place === modules.length - 1;
    return dense(width, { bias, activation: last ? 'identity' : activation, weightInitializer: 'zeros' });
  });
  const inputSize = groups.get(modules[0] ?? '')?.get('weight')?.shape[1];
  if (inputSize === undefined) return fail('the file holds no tensors');
  const model = sequential(inputSize, layers);
  readPytorch(file, where, model, { prefix, modules });
  return model;
}

function readOptions(where: string, options: unknown, isDense: boolean) {
  const reader = new OptionReader(where, options);
  const prefix = reader.string('prefix', '');
  const modules = reader.optional('modules', 'a list of names', isStrings);
  const activation = isDense ? reader.oneOf('activation', activations) : 'identity';
  reader.end();
  return { prefix, modules, activation };
}

/** The modules of the file, in the order of those that are expected. */
function alignModules(
  modules: readonly string[],
  expected: readonly { readonly module: string }[],
  prefix: string,
  fail: (problem: string) => never,
): string[] {
  const missing = expected.find(({ module }) => !modules.includes(module));
  if (missing) fail(`module ${show(`${prefix}${missing.module}`)} is missing`);
  const extra = modules.find((name) => !expected.some(({ module }) => module === name));
  if (extra !== undefined) fail(`the model has no layer for module ${show(prefix + extra)}`);
  return expected.map(({ module }) => module);
}

/** Tensors by what stands before and behind the last dot of their names. */
function groupByModule(
  tensors: ReadonlyMap<string, SafeTensor>,
  prefix: string,
  fail: (problem: string) => never,
): Map<string, Map<string, SafeTensor>> {
  const groups = new Map<string, Map<string, SafeTensor>>();
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(prefix)) fail(`expected names that begin with ${show(prefix)}, given ${show(name)}`);
    const rest = name.slice(prefix.length);
    const dot = rest.lastIndexOf('.');
    const [module, own] = [rest.slice(0, Math.max(dot, 0)), rest.slice(dot + 1)];
    const group = groups.get(module) ?? new Map<string, SafeTensor>();
    groups.set(module, group.set(own, tensor));
  }
  return groups;
}

function convert(
  { dtype, shape: given, data }: SafeTensor,
  { shape, turn }: ModuleValue,
  fail: (problem: string) => never,
): { shape: readonly number[]; values: Float32Array } {
  const expected = turn?.shape ?? shape;
  if (given.join() !== expected.join()) {
    fail(`expected shape [${expected.join(', ')}], given [${given.join(', ')}]`);
  }
  if (!isFloat32Array(data) && !isFloat64Array(data)) return fail(`expected floats, given ${dtype}`);
  const values = isFloat32Array(data) ? data : Float32Array.from(data);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) fail(`expected finite values, given ${values[at]} at ${at}`);
  return { shape, values: turn ? turnBack(values, turn) : values };
}

/** From there back. */
function turnBack(values: Float32Array, { places }: Turn): Float32Array {
  const turned = new Float32Array(values.length);
  for (let i = 0; i < turned.length; i++) turned[places[i]] = values[i];
  return turned;
}
