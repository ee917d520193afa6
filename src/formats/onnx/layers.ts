/** How each kind of layer is written as ONNX operators. */
import type { ActivationOptions } from '../../nn/activations.js';
import type { EmbeddedColumn } from '../../nn/embedding.js';
import { writeActivation } from './activations.js';
import { writeEmbedding } from './embeddings.js';
import type { GraphBuilder } from './graph.js';

/** What one layer's writer is given. */
export interface LayerPart {
  readonly config: Readonly<Record<string, unknown>>;
  /** Width of the layer's inputs. */
  readonly width: number;
  /** Its place, by which its constants are named. */
  readonly index: number;
  /**
   * One of the layer's parameters or buffers as a constant of the graph; undefined for one that the layer
   * does not have.
   */
  constant(name: string): string | undefined;
  /** Its values; undefined likewise. */
  values(name: string): Float32Array | undefined;
}

export const layerWriters: ReadonlyMap<string, (graph: GraphBuilder, part: LayerPart) => void> = new Map([
  ['dense', writeDense],
  ['activation', (graph, { config }) => writeActivation(graph, config.name, config as ActivationOptions)],
  // Does nothing but in training.
  ['dropout', () => {}],
  // Of rows of numbers they are rows of the same numbers.
  ['flatten', () => {}],
  ['reshape', () => {}],
  ['batchNorm', writeBatchNorm],
  ['layerNorm', writeLayerNorm],
  [
    'embedding',
    (graph, { config, width, index, constant }) =>
      writeEmbedding(graph, {
        ...{ columns: config.columns as readonly EmbeddedColumn[], width, prefix: `${index}` },
        ...{ table: (column) => constant(`column${column}`) as string, areInputs: index === 0 },
      }),
  ],
  ['normalization', writeNormalization],
]);

function writeDense(graph: GraphBuilder, { config, constant }: LayerPart): void {
  const constants = [constant('weight'), constant('bias')].filter((name) => name !== undefined);
  graph.apply('Gemm', constants);
  writeActivation(graph, config.activation);
}

/** ONNX's momentum is the share of the old statistics, PyTorch's and lanegrad's that of the batch. */
function writeBatchNorm(graph: GraphBuilder, part: LayerPart): void {
  const { config, constant } = part;
  const statistics = [constant('runningMean'), constant('runningVar')] as string[];
  graph.apply(
    'BatchNormalization',
    [...scaleAndShift(graph, part), ...statistics],
    [
      { name: 'epsilon', float: config.eps as number },
      { name: 'momentum', float: 1 - (config.momentum as number) },
    ],
  );
}

function writeLayerNorm(graph: GraphBuilder, part: LayerPart): void {
  graph.apply('LayerNormalization', scaleAndShift(graph, part), [
    { name: 'axis', int: -1 },
    { name: 'epsilon', float: part.config.eps as number },
  ]);
}

/** With a number for each input: one for all would be taken for the scaling of raw values. */
function writeNormalization(graph: GraphBuilder, { width, index, values }: LayerPart): void {
  for (const [operator, name] of [
    ['Sub', 'mean'],
    ['Div', 'deviation'],
  ] as const) {
    const own = values(name) as Float32Array;
    const all = Float32Array.from({ length: width }, (_, i) => own[i % own.length]);
    graph.apply(operator, [graph.floats(`${index}.${name}`, [width], all)]);
  }
}

/** The operators require both, also where the layer learns neither. */
function scaleAndShift(
  graph: GraphBuilder,
  { index, width, constant }: LayerPart,
): [scale: string, shift: string] {
  const ones = () => graph.floats(`${index}.ones`, [width], new Float32Array(width).fill(1));
  const zeros = () => graph.floats(`${index}.zeros`, [width], new Float32Array(width));
  return [constant('weight') ?? ones(), constant('bias') ?? zeros()];
}
