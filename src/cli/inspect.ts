/** `lanegrad inspect`: what is in a model, a checkpoint, a run folder or a data file. */
import { type Command, Option } from 'commander';
import { OptionError } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { integer } from '../base/settings.js';
import { inspectPath } from '../inspect/read.js';
import { describeValues, type Statistics } from '../inspect/statistics.js';
import type { InspectedTensor, Inspection } from '../inspect/types.js';
import { commonOptions } from './arguments.js';
import { argument } from './flags.js';
import { inspectFeatures } from './inspect-features.js';
import { drawPictures } from './inspect-pictures.js';
import { barChart, fitColumns, numberText, sparkline } from './inspect-text.js';
import { columnsOf, count, Output, percent, printable, table } from './output.js';
import { type ReadingOptions, readingFlags, toReading } from './table-options.js';

interface InspectOptions extends ReadingOptions {
  tensor?: string;
  pictures?: number;
  image?: string;
  json?: true;
}

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .summary('what is in a model, a checkpoint, a run or a data file')
    .description(
      'Shows shapes, statistics and pictures of what a file holds: models and checkpoints, ONNX, safetensors, NPY and NPZ, IDX ' +
        'images and labels (also .gz), tables (CSV, JSON lines, Parquet), the metrics of a run; or of a whole run folder.',
    )
    .argument(
      '<path>',
      'a file, a run folder, or a folder with IDX files, told apart by content; or - for standard input',
    );
  const options = [
    new Option('--tensor <name>', 'one tensor, with a large histogram'),
    new Option(
      '--pictures <n>',
      'how many images, first-layer units or filters, or feature maps to draw (default: one row)',
    ).argParser(argument(integer({ min: 0 }))),
    new Option(
      '--image <data>',
      'of a model with convolutions: draw what they find in the first image of a file or a data set, as predict takes them',
    ),
    ...readingFlags(),
    ...commonOptions(),
  ];
  for (const option of options) command.addOption(option);
  command.action(inspect).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad inspect runs/mnist
  lanegrad inspect model.safetensors --tensor 0.weight --pictures 20
  lanegrad inspect runs/flowers --image picture.jpg
  lanegrad inspect t10k-images-idx3-ubyte.gz --pictures 50
  lanegrad inspect model.onnx --json
  lanegrad inspect data.csv

lanegrad info tells of this machine and its engines.`;

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const out = new Output({ json: options.json });
  const inspection = await inspectPath(path, toReading(options));
  const chosen = options.tensor === undefined ? inspection : chooseTensor(inspection, options.tensor);
  print(out, chosen, options);
  const { image, pictures } = options;
  const features = image === undefined ? undefined : await inspectFeatures(out, path, image, pictures);
  out.result({ ...describe(chosen), ...(features && { features }) });
}

/** The inspection of one tensor, wherever in a folder it stands. */
function chooseTensor(inspection: Inspection, name: string): Inspection {
  const all = [inspection, ...(inspection.parts ?? [])];
  for (const { path, kind, facts, tensors } of all) {
    const tensor = tensors.find((own) => own.name === name);
    if (tensor) return { path, kind, facts: facts.slice(0, 1), tensors: [tensor] };
  }
  const known = all.flatMap(({ tensors }) => tensors.map((own) => own.name));
  const expected =
    known.length > 0 ? `expected one of ${known.slice(0, 20).join(', ')}` : 'there are no tensors';
  throw new OptionError(
    '--tensor',
    `no tensor ${JSON.stringify(name)}${didYouMean(name, known) || ';'} ${expected}`,
  );
}

interface Described {
  path: string;
  kind: string;
  facts: [name: string, value: string][];
  tensors: ({ name: string; dtype: string; shape: readonly number[] } & Statistics)[];
  model?: Inspection['model'];
  graph?: Inspection['graph'];
  columns?: Inspection['columns'];
  records?: Inspection['records'];
  parts?: Described[];
}

/** For programs. */
function describe({
  path,
  kind,
  facts,
  model,
  graph,
  tensors,
  columns,
  records,
  parts,
}: Inspection): Described {
  return {
    path,
    kind,
    facts: facts.map(([name, value]) => [name, value]),
    tensors: tensors.map(({ name, dtype, shape, values }) => ({
      name,
      dtype,
      shape,
      ...describeValues(values),
    })),
    ...(model && { model }),
    ...(graph && { graph }),
    ...(columns && { columns }),
    ...(records && { records }),
    ...(parts && { parts: parts.map(describe) }),
  };
}

function print(out: Output, inspection: Inspection, options: InspectOptions): void {
  const { path, facts, graph, tensors, columns, records, parts = [] } = inspection;
  out.line(out.bold(printable(path)));
  // A value keeps its line where a narrow terminal would break it.
  for (const line of table(
    facts.map((fact) => fact.map(printable)),
    [0, 1],
  ))
    out.line(line);
  if (graph) printGraph(out, graph);
  if (tensors.length > 0) printTensors(out, tensors, options);
  if (columns) printColumns(out, columns);
  if (records) printRecords(out, records);
  for (const part of parts) {
    out.line();
    print(out, part, options);
  }
}

/** Layers from top to bottom, with rails along which their values run. */
function printGraph(out: Output, graph: NonNullable<Inspection['graph']>): void {
  out.line();
  const rows = graph.map(({ rails, name, kind, shape, parameters, multiplyAdds }) => [
    rails,
    printable(name),
    printable(kind),
    shape,
    parameters > 0 ? count(parameters) : '',
    multiplyAdds > 0 ? count(multiplyAdds) : '',
  ]);
  const head = ['', 'layer', 'kind', 'output', 'parameters', 'multiply-adds'];
  for (const line of fitColumns([head, ...rows], [0, 1, 2, 3], columnsOf(out.human), [4, 2])) out.line(line);
}

function printTensors(
  out: Output,
  tensors: readonly InspectedTensor[],
  { tensor: chosen, pictures }: InspectOptions,
): void {
  out.line();
  const statistics = tensors.map(({ values }) => describeValues(values));
  const rows = tensors.map(({ name, dtype, shape }, index) => {
    const { min, mean, max, deviation, zeros, nonFinite, count: size, histogram } = statistics[index];
    return [
      printable(name),
      dtype,
      shape.length > 0 ? shape.join('x') : 'one number',
      ...[min, mean, max, deviation].map(numberText),
      size > 0 ? percent(zeros / size) : '-',
      nonFinite > 0 ? count(nonFinite) : '-',
      sparkline(histogram),
    ];
  });
  const head = [
    'tensor',
    'type',
    'shape',
    'min',
    'mean',
    'max',
    'deviation',
    'zeros',
    'not finite',
    'distribution',
  ];
  // Where the terminal is narrow, the first of these go first; that all is finite needs no column.
  const allFinite = statistics.every(({ nonFinite }) => nonFinite === 0);
  const dispensable = [...(allFinite ? [8] : []), 1, 7, 6, 9, 4, 3, 8];
  for (const line of fitColumns([head, ...rows], [0, 1, 2, 9], columnsOf(out.human), dispensable))
    out.line(line);
  if (chosen !== undefined) {
    out.line();
    const { histogram, min, max } = describeValues(tensors[0].values, 20);
    for (const line of barChart(histogram, min, max, columnsOf(out.human))) out.line(line);
  }
  const pictured = tensors.find((tensor) => tensor.pictures);
  if (!pictured?.pictures || pictures === 0) return;
  out.line();
  out.line(
    `${printable(pictured.name)}, ${pictured.pictures.count} of ${pictured.pictures.height}x${pictured.pictures.width}`,
  );
  for (const line of drawPictures(pictured.pictures, pictures, out)) out.line(line);
}

function printColumns(out: Output, columns: NonNullable<Inspection['columns']>): void {
  out.line();
  const room = columnsOf(out.human);
  const rows = columns.map(({ name, type, missing, about }) => [
    printable(name),
    type,
    missing > 0 ? count(missing) : '-',
    printable(about),
  ]);
  const lines = table([['column', 'type', 'missing', 'values'], ...rows], [0, 1, 3]);
  for (const line of lines) out.line(line.length > room ? `${line.slice(0, room - 1)}…` : line);
}

function printRecords(out: Output, records: NonNullable<Inspection['records']>): void {
  out.line();
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const rows = names.flatMap((name) => {
    const values = records.map((record) => record[name]).filter((value) => typeof value === 'number');
    if (values.length === 0 || name === 'epoch') return [];
    return [
      [
        name,
        ...[values[0], values.at(-1) ?? null, Math.min(...values), Math.max(...values)].map(numberText),
        sparkline(values, 24),
      ],
    ];
  });
  const head = ['metric', 'first', 'last', 'min', 'max', 'course'];
  for (const line of fitColumns([head, ...rows], [0, 5], columnsOf(out.human), [5, 3, 4])) out.line(line);
}
