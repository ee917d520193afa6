/** What a server says of itself: the model, what it takes, and a body that it would answer. */
import { elementsOf } from '../base/arrays.js';
import type { Network } from '../nn/model.js';
import { summary } from '../nn/summary.js';
import { imageShapeOfModel } from '../run/pictures.js';
import { packageVersion } from '../run/version.js';
import type { ModelMetadata } from '../tables/model-file.js';
import type { PreparedColumn } from '../tables/preparation.js';
import type { ServedOutput } from './answers.js';
import type { ServeSettings } from './options.js';
import { shapesOf } from './rows.js';

/** Numbers of a row that an example may have, and categories that are listed. */
const EXAMPLE_NUMBERS = 1024;
const LISTED = 50;

/** Milliseconds. */
const DAY = 86_400_000;

interface DescribedColumn {
  readonly name: string;
  readonly kind: PreparedColumn['kind'];
  /** Of a category, those that training knew, at most 50 of them; or the two words of a boolean. */
  readonly values?: readonly string[];
}

interface DescribedOutput extends Pick<ServedOutput, 'name' | 'kind' | 'size'> {
  readonly names?: readonly string[];
}

/** The JSON of `GET /`. */
export interface Description {
  readonly lanegrad: string;
  /** The file's name, where there is one. */
  readonly model?: string;
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Columns of a table's rows. */
  readonly columns?: readonly DescribedColumn[];
  /** What a row has for each input, where there are no columns. */
  readonly inputs?: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly DescribedOutput[];
  readonly classNames?: readonly string[];
  /** What is predicted, where it has a name. */
  readonly target?: string;
  readonly contentTypes: readonly string[];
  /** A body of `POST /predict`; absent where a row has too many numbers to be read. */
  readonly example?: object;
  readonly limits: Pick<ServeSettings, 'maxBody' | 'maxRows' | 'queue'>;
}

export function describe(
  { model, metadata, name }: { model: Network; metadata: ModelMetadata; name: string | undefined },
  outputs: readonly ServedOutput[],
  { maxBody, maxRows, queue }: ServeSettings,
): Description {
  const { table } = metadata;
  const { parameters, multiplyAdds } = summary(model);
  const isImage = !table && model.inputs.length === 1 && imageShapeOfModel({ model, metadata }) !== undefined;
  const example = table ? { rows: [tableRow(table.columns)] } : numbersExample(model);
  const [{ names, kind }] = outputs;
  return {
    lanegrad: packageVersion(),
    ...(name !== undefined && { model: name }),
    ...{ parameters, multiplyAdds },
    ...(table
      ? { columns: table.columns.map(describeColumn) }
      : { inputs: shapesOf({ model, metadata }).map((shape, i) => ({ name: model.inputs[i].name, shape })) }),
    outputs: outputs.map((own) => ({
      ...{ name: own.name, kind: own.kind, size: own.size },
      ...(own.names && { names: own.names }),
    })),
    ...(names && kind !== 'numbers' && { classNames: names }),
    ...(table && { target: table.target.name }),
    contentTypes: ['application/json', ...(isImage ? ['image/png', 'image/jpeg'] : [])],
    ...(example && { example }),
    limits: { maxBody, maxRows, queue },
  };
}

function describeColumn(column: PreparedColumn): DescribedColumn {
  const { name, kind } = column;
  if (kind === 'category') return { name, kind, values: column.categories.slice(0, LISTED) };
  return { name, kind, ...(kind === 'boolean' && { values: column.values }) };
}

/** A row of means, and of the categories that come first. */
function tableRow(columns: readonly PreparedColumn[]): object {
  const exampleOf = (column: PreparedColumn): unknown => {
    if (column.kind === 'number') return Number(column.mean.toPrecision(4));
    if (column.kind === 'boolean') return column.values[0];
    if (column.kind === 'category') return column.categories[0] ?? null;
    return new Date(column.mean * DAY).toISOString().slice(0, 10);
  };
  return Object.fromEntries(columns.map((column) => [column.name, exampleOf(column)]));
}

/** Rows of zeros: a number that bytes, floats and categories have all. */
function numbersExample({ inputs, inputSize, input, inputScales }: Network): object | undefined {
  if (inputSize > EXAMPLE_NUMBERS) return undefined;
  const zeros = ({ shape }: Network['inputs'][number]) => new Array<number>(elementsOf(shape)).fill(0);
  const isBytes = inputs.every(({ name }) => (inputs.length === 1 ? input : inputScales?.[name]));
  const row =
    inputs.length === 1
      ? zeros(inputs[0])
      : Object.fromEntries(inputs.map((port) => [port.name, zeros(port)]));
  return { ...(isBytes && { type: 'uint8' }), rows: [row] };
}
