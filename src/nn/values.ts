/**
 * The arrays that hold a model's values, and how it is seen that they have changed: what predicts keeps a
 * copy of them in an engine.
 *
 * What the library writes is counted. What others write cannot be, since a Float32Array tells nobody; but
 * nobody can write to an array that was never handed out. So `Parameter.values` notes that it was read. An
 * array that has been handed out is compared with a copy each time that it matters, and one that has not is
 * known to stand still.
 */
import { platform } from '#platform';

/** One tensor of a model with its values. */
export interface Parameter {
  /** `0.weight`: the layer's place and the parameter's name, as PyTorch writes it. */
  readonly name: string;
  readonly layer: number;
  readonly shape: readonly number[];
  /** Row-major; weights are [in, out]. May be written to: what predicts from the model sees it. */
  readonly values: Float32Array;
  /** Whether L1 and L2 penalties apply. */
  readonly penalised?: boolean;
  /** false for one that is frozen: training leaves it as it is. */
  readonly trainable?: boolean;
}

interface State {
  /** How often the library has written to the array. */
  writes: number;
  /** Whether anyone else may write to it. */
  shared: boolean;
  /** false where training leaves it as it is. */
  trainable?: false;
}

const states = new WeakMap<Float32Array, State>();
const arrays = new WeakMap<Parameter, Float32Array>();

/** A parameter that notes when its array is handed out. */
export function holdValues(
  fields: Omit<Parameter, 'values' | 'trainable'>,
  values: Float32Array,
  trainable: boolean,
): Parameter {
  const state: State = { writes: 0, shared: false, ...(!trainable && { trainable }) };
  states.set(values, state);
  return hold(fields, values, state);
}

/** The same parameter under another name, in another model. */
export function renamed(parameter: Parameter, name: string): Parameter {
  const values = valuesOf(parameter);
  const { layer, shape, penalised } = parameter;
  return hold({ name, layer, shape, ...(penalised && { penalised }) }, values, states.get(values)!);
}

function hold(
  fields: Omit<Parameter, 'values' | 'trainable'>,
  values: Float32Array,
  state: State,
): Parameter {
  const parameter: Parameter = {
    ...fields,
    get values() {
      state.shared = true;
      return values;
    },
    get trainable() {
      return state.trainable as boolean;
    },
  };
  arrays.set(parameter, values);
  return parameter;
}

/** Whether training may change a parameter; so in every model that shares it. */
export function setTrainable(parameter: Parameter, trainable: boolean): void {
  const state = states.get(valuesOf(parameter));
  if (!state) return;
  if (trainable) delete state.trainable;
  else state.trainable = false;
}

/**
 * The parameter's array, for the library's own use: not to be handed out, and `written` to be called when it
 * was written to.
 */
export function valuesOf(parameter: Parameter): Float32Array {
  return arrays.get(parameter) ?? parameter.values;
}

/** Writes to a parameter's array. */
export function writeValues(parameter: Parameter, given: ArrayLike<number>): void {
  const values = valuesOf(parameter);
  values.set(given);
  const state = states.get(values);
  if (state) state.writes++;
}

/** One array, and what it held when it was last looked at. */
interface Watched {
  readonly bytes: Uint8Array;
  readonly state: State;
  writes: number;
  /** Only of an array that has been handed out. */
  copy: Uint8Array | undefined;
}

/** Sees whether any of these parameters' values have changed. */
export class ValueWatch {
  readonly #watched: readonly Watched[];

  constructor(parameters: readonly Parameter[]) {
    this.#watched = parameters.map((parameter) => {
      const values = valuesOf(parameter);
      // A parameter that is not of the library's making may be written to by anyone.
      const state = states.get(values) ?? { writes: 0, shared: true };
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return { bytes, state, writes: state.writes, copy: state.shared ? bytes.slice() : undefined };
    });
  }

  /** Whether any value has changed, bit for bit, since this was last asked or made. */
  changed(): boolean {
    let changed = false;
    for (let i = 0; i < this.#watched.length; i++) {
      if (hasChanged(this.#watched[i])) changed = true;
    }
    return changed;
  }
}

function hasChanged(watched: Watched): boolean {
  const { state, bytes, copy } = watched;
  const written = watched.writes !== state.writes;
  watched.writes = state.writes;
  if (!state.shared) return written;
  if (!copy) {
    // Handed out since: what was written to it in the meantime is not known.
    watched.copy = bytes.slice();
    return true;
  }
  if (!written && platform.sameBytes(bytes, copy)) return false;
  copy.set(bytes);
  return true;
}
