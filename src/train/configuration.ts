/**
 * What two trainings must share for one to go on from the other's checkpoint, as JSON; and the words for
 * where they differ.
 */
import { platform } from '#platform';
import { ResumeError, show } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { StreamedDataset, StreamForm } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import { describeGraph } from '../nn/graph-file.js';
import type { Network } from '../nn/model.js';
import { isPlain } from '../nn/sequential.js';
import type { Checkpoint, CheckpointEngine } from './checkpoint.js';

/**
 * A model's architecture. The values that it began with are of no account: a checkpoint has those it came to.
 */
export function describeModel(model: Network): Record<string, unknown> {
  const { inputs, seed } = model;
  const names = model.parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name);
  // Not where there are none: checkpoints of earlier versions do not know of it.
  const frozen = names.length > 0 && { frozen: names };
  if (!isPlain(model)) return { seed, graph: describeGraph(model), ...frozen };
  const inputSize = inputs[0].shape.length === 1 ? model.inputSize : inputs[0].shape;
  const layers = model.layers.map(({ kind, config }) => ({ kind, ...config }));
  return { inputSize, seed, layers, ...frozen };
}

/** What tells a stream from another; its rows would have to be read. */
async function describeStream(stream: StreamedDataset): Promise<Record<string, unknown>> {
  const { name, size, width, dtype, scale, offset, classes, classNames, targetWidth, weighted, window } =
    stream;
  const { identity } = stream;
  const chunks = 'read' in stream.source ? stream.source.chunks : null;
  const sha256 = await platform.sha256(new TextEncoder().encode(JSON.stringify(chunks)));
  return {
    ...{ name, size, width, dtype, scale, offset, classes, targetWidth, weighted, window, identity },
    // By which labels that are names are numbered.
    ...(classNames && { classNames }),
    ...(chunks !== null && {
      chunks: typeof chunks === 'number' ? chunks : chunks.length,
      chunksSha256: sha256,
    }),
  };
}

/** Size, and a digest of everything in the set that training reads. */
export async function describeData(set: Dataset): Promise<Record<string, unknown>> {
  if ('stream' in set) return describeStream((set as StreamForm).stream);
  const { size, width, classes, scale, offset, inputsByName, answersByName } = set;
  const views = (of: object, prefix: string) =>
    Object.entries(of).flatMap(([key, value]): [string, ArrayBufferView][] =>
      ArrayBuffer.isView(value) ? [[prefix + key, value]] : [],
    );
  const parts = views(set, '');
  // Of several inputs and answers, what has no arrays of its own is told by the header.
  const named = { ...(inputsByName && { inputsByName }), ...(answersByName && { answersByName }) };
  for (const [kind, all] of Object.entries(named)) {
    for (const [name, part] of Object.entries(all)) parts.push(...views(part, `${kind}.${name}.`));
  }
  parts.sort(([a], [b]) => (a < b ? -1 : 1));
  const digests: string[] = [];
  for (const [key, { buffer, byteOffset, byteLength }] of parts) {
    digests.push(
      `${key} ${await platform.sha256(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))}`,
    );
  }
  const header = JSON.stringify({ size, width, classes, scale, offset, ...named }, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? undefined : value,
  );
  const sha256 = await platform.sha256(new TextEncoder().encode([header, ...digests].join('\n')));
  return { size, width, sha256 };
}

export function describeCheckpointEngine({ info }: Engine): CheckpointEngine {
  const { backend, math, numerics, binary, wasmSha256 } = info;
  return { backend, math, numerics, ...(binary && { binary }), ...(wasmSha256 && { wasmSha256 }) };
}

/**
 * Of a loss or a transform of one's own what its function computes, whose nodes would tell a reader little.
 */
const FUNCTION = /^(?:loss|optimizer)(?:\..+)?(?=\.nodes\.|\.result$)/;

/** Throws ResumeError that lists where `given` is not what the checkpoint was made with. */
export function checkConfiguration(
  checkpoint: Checkpoint,
  given: Readonly<Record<string, unknown>>,
  /** Keys that may differ, with all that is in them. */
  free: readonly string[],
): void {
  const kept = flatten(checkpoint.configuration);
  // By way of JSON, as the other came.
  const now = flatten(JSON.parse(JSON.stringify(given)));
  const found = new Set<string>();
  for (const key of new Set([...kept.keys(), ...now.keys()])) {
    const isFree = free.some((own) => key === own || key.startsWith(`${own}.`));
    if (isFree || kept.get(key) === now.get(key)) continue;
    const [own] = FUNCTION.exec(key) ?? [];
    const name = own && kept.get(`${own}.name`);
    // Where one of them is no function, or has another name, that is said already.
    if (name !== undefined && name === now.get(`${own}.name`))
      found.add(`${own} of another function named ${name}`);
    else if (!own) found.add(`${key} ${kept.get(key) ?? 'absent'}, given ${now.get(key) ?? 'none'}`);
  }
  const differences = [...found];
  if (differences.length === 0) return;
  const more = differences.length > 6 ? `; and ${differences.length - 6} more` : '';
  throw new ResumeError(
    'fit, resume',
    `the checkpoint was made with ${differences.slice(0, 6).join('; ')}${more}`,
  );
}

/** What may make the bits come out differently; undefined when nothing does. */
export function engineWarning({ engine }: Checkpoint, now: CheckpointEngine): string | undefined {
  // The binaries with and without threads give the same bits by promise, and have digests of their own.
  const compared = engine.binary === now.binary ? (['wasmSha256'] as const) : [];
  const before = { ...engine, numerics: engine.numerics ?? 1 };
  const differences = (['backend', 'math', 'numerics', ...compared] as const)
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} ${before[key] ?? 'absent'}, now ${now[key] ?? 'absent'}`);
  if (differences.length === 0) return undefined;
  return `the checkpoint was computed with ${differences.join('; ')}: the run goes on, but its bits may differ from those of one that was never stopped`;
}

/** Nested JSON as lines of a dotted name and its text. */
function flatten(value: unknown, name = '', lines = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) flatten(item, name ? `${name}.${key}` : key, lines);
    // An empty list differs from none.
    if (Object.keys(value).length === 0) lines.set(name, '[]');
  } else {
    lines.set(name, show(value));
  }
  return lines;
}
