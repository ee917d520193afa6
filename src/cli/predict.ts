/** `lanegrad predict`: what a saved model makes of single images. */
import { type Command, Option } from 'commander';
import { OptionError } from '../base/errors.js';
import { type Choice, integer } from '../base/settings.js';
import { createEngine } from '../create/engine.js';
import type { LossName } from '../nn/losses.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { predictClasses, predictProba, scaleBytes } from '../train/predict.js';
import { commonOptions, engineOptions, range } from './arguments.js';
import { argument } from './flags.js';
import { drawImage } from './image.js';
import type { Images } from './images.js';
import { imagesFor } from './model-images.js';
import { Output, percent, printable, table } from './output.js';
import { className, lossOption, openModel, requireOnePort, sourceFor, tableSource } from './sources.js';
import { readingFlags } from './table-options.js';
import { predictTableFile, type TablePredictOptions } from './table-predict.js';

interface PredictOptions extends TablePredictOptions {
  index?: number;
  range?: readonly [from: number, to: number];
  show?: true;
  loss?: Choice<LossName>;
}

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .summary('what a saved model says of images or of the rows of a table')
    .description(
      'Prints class and probability of each image, and its label where that is known. Of a table it writes CSV: a row of predictions for each of its rows.',
    )
    .argument('<model>', 'a model file, or a run folder')
    .argument(
      '[input]',
      'a table; a PNG or JPEG file, or a folder of such; an IDX file of images, also .gz; any file as - on standard input; or mnist, a ' +
        'folder with pictures by class or IDX files, or an NPZ file, for its test images (default: what the run was trained on, or mnist)',
    )
    .addOption(
      new Option('--index <n>', 'one image, counted from 0')
        .argParser(argument(integer({ min: 0 })))
        .conflicts('range'),
    )
    .addOption(
      new Option('--range <A:B>', 'images A to B - 1 (default: the first 10)').argParser(argument(range())),
    )
    .addOption(new Option('--show', 'draw the images'))
    .addOption(
      new Option(
        '--out <file>',
        'where the predictions of a table go, as CSV; - is standard output (default: standard output)',
      ),
    )
    .addOption(
      new Option('--copy <columns>', 'of a table, put before the predictions, such as id,name').argParser(
        names,
      ),
    )
    .addOption(
      new Option(
        '--escape-formulas',
        'of a table: put an apostrophe before texts that a spreadsheet would compute, such as =1+1',
      ),
    );
  for (const option of [lossOption(), ...readingFlags(), ...engineOptions(), ...commonOptions()])
    command.addOption(option);
  command.action(predictImages).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad predict model.safetensors --index 7 --show
  lanegrad predict runs/fashion ./fashion --range 100:120
  lanegrad predict runs/flowers ./picture.jpg --show
  cat new.jsonl | lanegrad predict runs/iris - > predictions.csv
  lanegrad predict runs/iris new.csv --out predictions.csv --copy id
  lanegrad predict model.safetensors t10k-images-idx3-ubyte.gz --json`;

function names(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

interface Prediction {
  index: number;
  /** The picture's, where it is one. */
  file?: string;
  class: number;
  name: string;
  probability: number;
  /** The true class; null where it is not known. */
  label: number | null;
  probabilities: number[];
}

async function predictImages(
  given: string,
  input: string | undefined,
  options: PredictOptions,
): Promise<void> {
  const { backend, math, threads, turbo, show, json } = options;
  const out = new Output({ json });
  const opened = await openModel(given, options.loss);
  requireOnePort(opened);
  const { path, model, metadata } = opened;
  const source = await sourceFor(opened, input);
  if (metadata.table) return predictTableFile(opened, metadata.table, await tableSource(source), options);
  for (const [name, flag] of [
    ['out', 'out'],
    ['copy', 'copy'],
    ['escapeFormulas', 'escape-formulas'],
  ] as const) {
    if (options[name] !== undefined) throw new OptionError(`--${flag}`, 'it is for models of tables');
  }
  const images = await imagesFor(source, opened);
  const [from, to] = chooseRange(images.size, options);
  const engine = await createEngine({ backend, math, threads, turbo });
  if (!model.loss) {
    throw new OptionError(
      '--loss',
      `${path} does not say what its outputs are, and so what they tell of images`,
    );
  }
  const pixels = images.pixels.subarray(from * images.width, to * images.width);
  // Where the model does not know of bytes, they are scaled as those of any set of images.
  const inputs = model.input ? pixels : scaleBytes(pixels, { scale: 1 / 255, offset: 0 });
  const probabilities = predictProba(engine, model, inputs);
  const classes = predictClasses(engine, model, inputs);
  const width = probabilities.length / classes.length;

  const predictions = Array.from(classes, (best, row): Prediction => {
    const own = Array.from(probabilities.subarray(row * width, (row + 1) * width));
    return {
      index: from + row,
      ...(images.files && { file: images.files[from + row] }),
      class: best,
      name: className(best, metadata, images),
      probability: own[best],
      label: images.labels?.[from + row] ?? null,
      probabilities: own,
    };
  });
  print(out, predictions, images, metadata, show === true);
  out.result({ model: path, input: source, predictions, engine: engine.info });
}

/** Throws OptionError for images that are not there. */
function chooseRange(size: number, { index, range: given }: PredictOptions): [from: number, to: number] {
  if (index !== undefined) {
    if (index >= size)
      throw new OptionError('--index', `expected less than ${size}, the number of images, given ${index}`);
    return [index, index + 1];
  }
  const [from, to] = given ?? [0, Math.min(10, size)];
  if (to > size)
    throw new OptionError('--range', `expected an end of at most ${size}, the number of images, given ${to}`);
  return [from, to];
}

function print(
  out: Output,
  predictions: readonly Prediction[],
  images: Images,
  metadata: ModelMetadata,
  show: boolean,
): void {
  const rows = predictions.map(({ index, file, name, class: best, probability, label }) => [
    file === undefined ? String(index) : printable(file),
    printable(name),
    percent(probability),
    label === null ? '-' : printable(className(label, metadata, images)),
    label === null || label === best ? '' : 'wrong',
  ]);
  const [head, ...lines] = table([['image', 'class', 'probability', 'label', ''], ...rows], [1, 3]);
  out.line(out.dim(head));
  for (const [row, line] of lines.entries()) {
    if (show) {
      const { index } = predictions[row];
      const pixels = images.pixels.subarray(index * images.width, (index + 1) * images.width);
      for (const drawn of drawImage(pixels, images.imageShape, metadata.input?.imageShape, out))
        out.line(drawn);
    }
    out.line(rows[row][4] ? out.red(line) : line);
  }
}
