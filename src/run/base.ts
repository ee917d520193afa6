/** A run that begins with a network that there is, of lanegrad or of ONNX, in place of one made of its options. */
import { elementsOf } from '../base/arrays.js';
import { OptionError } from '../base/errors.js';
import { flagOf } from '../base/settings.js';
import type { Value } from '../graph/value.js';
import { dense } from '../nn/dense.js';
import type { Layer } from '../nn/layer.js';
import type { Network } from '../nn/model.js';
import { replaceOutput } from '../nn/replace-output.js';
import { flatten } from '../nn/reshape.js';
import { lengthsOf } from '../nn/summary.js';
import type { RunFolder } from './folder.js';
import { buildLayerText } from './layer-text.js';
import { openNetwork } from './open-network.js';
import type { RunSettings } from './settings.js';
import type { LargeSplits } from './splits.js';

/** What a run begins with. */
export interface Base {
  readonly model: Network;
  /** Whether the head is the run's own: that of a run which goes on. */
  readonly isAdapted: boolean;
}

/** The head that stands for nothing but an output for each class. */
const CLASSES = 'classes';

/** What puts an image in a line. */
function flat(image: readonly number[] | undefined): Layer[] {
  return image ? [flatten()] : [];
}

/** Throws OptionError for options that say of a network what one that there is says itself. */
export function checkBaseSettings(settings: RunSettings): void {
  const { from, head } = settings;
  if (from === undefined) {
    if (head !== undefined)
      throw new OptionError('head', 'expected --from besides: the network whose head it is');
    return;
  }
  const { hidden, layers, batchNorm, dropout = 0, inputDropout = 0, weightsFrom, normalize } = settings;
  const given = {
    hidden: hidden.length > 0,
    layers,
    batchNorm,
    dropout,
    inputDropout,
    weightsFrom,
    normalize,
  };
  const twice = Object.entries(given).find(([, value]) => value);
  if (twice)
    throw new OptionError('from', `expected no ${flagOf(twice[0])} besides: the network is that of the file`);
}

/**
 * The network with the head that the settings ask for. Throws OptionError where the data do not fit its input,
 * or its outputs are not as many as what is to be learned has.
 */
export function adaptBase(
  { model, isAdapted }: Base,
  splits: LargeSplits,
  settings: RunSettings,
  outputs: number,
): Network {
  const { from, head, activation, initializer, seed } = settings;
  const where = `from ${from}`;
  const { full, table } = splits;
  if (table)
    throw new OptionError(
      where,
      'the columns of a table become inputs of their own; expected images or arrays',
    );
  const [port] = model.inputs;
  if (model.inputs.length > 1 || model.outputs.length > 1)
    throw new OptionError(where, 'expected a network of one input and one output');
  const { imageShape } = full;
  const image = imageShape && [imageShape[0], imageShape[1], imageShape[2] ?? 1];
  const isSame = port.shape.length === 1 || !image || port.shape.join() === image.join();
  if (elementsOf(port.shape) !== full.width || !isSame) {
    const hint =
      port.shape.length === 3
        ? `; pictures get this size by --image-size ${port.shape[0]}x${port.shape[1]}`
        : '';
    const given = lengthsOf(image ?? [full.width]);
    throw new OptionError(where, `its input is ${lengthsOf(port.shape)}, but the data have ${given}${hint}`);
  }
  const own = isAdapted || head === undefined ? model : replaceOutput(model, headOf(head), { seed });
  if (own.outputSize !== outputs) {
    throw new OptionError(
      where,
      `it has ${own.outputSize} outputs, but the data ask for ${outputs}; expected --head ${CLASSES}`,
    );
  }
  return own;

  function headOf(text: string): (x: Value) => Value {
    const weights = initializer ? { weightInitializer: initializer } : {};
    return (x) => {
      const { dims } = x.shape;
      const image = dims.length === 3 ? dims : undefined;
      const layers =
        text === CLASSES ? flat(image) : buildLayerText(text, image, { activation, initializer });
      return [...layers, dense(outputs, weights)].reduce((value, layer) => layer(value), x);
    };
  }
}

/** The network that a run begins with; undefined where its options say what it is. */
export async function openBase(
  { from }: RunSettings,
  earlier: RunFolder | undefined,
): Promise<Base | undefined> {
  if (from === undefined) return undefined;
  const { model } = await openNetwork(earlier ? earlier.modelPath : from);
  return { model, isAdapted: earlier !== undefined };
}
