/** Data sets that stream: made, and read to their end by an evaluation; and several models as one. */
import { join } from 'node:path';
import * as lanegrad from '../../../src/index.js';
import * as node from '../../../src/node.js';
import { expectThat } from '../target.js';
import { allFinite, apply, type Call } from './functions.js';
import { refused } from './harmless.js';
import { classifier } from './samples.js';

const { ensemble, predictProba, streamArrays, streamDataset } = lanegrad;

const engine = await lanegrad.createEngine({ backend: 'reference' });

/** Reads all of a stream of two numbers a row, where it is one of the classifier's. */
async function readAll(set: unknown): Promise<unknown> {
  const streamed = set as lanegrad.StreamedDataset;
  if (streamed.width !== 2 || streamed.classes !== 2) return;
  // A source that promises millions of rows, or chunks, and has eight, is found out when it is read.
  const model = lanegrad.sequential(2, [lanegrad.dense(2)], { seed: 1 });
  const { loss, size } = await lanegrad.evaluate(engine, model, streamed, { loss: 'softmaxCrossEntropy' });
  expectThat(Number.isFinite(loss), () => `a loss of ${loss} of ${size} rows`);
  return size;
}

export const streamFunctions: Record<string, Call> = {
  streamDataset: {
    weight: 3,
    valid(r) {
      const labels = [0, 1, 0, 1];
      const chunk = { inputs: r.floats(8), labels, ...(r.chance(0.3) && { weights: [1, 2, 0, 1] }) };
      const source = r.chance(0.5)
        ? { chunks: r.pick([2, [4, 4]]), read: () => chunk }
        : { open: () => [chunk, chunk] };
      const size = r.chance(0.5) ? { size: 8 } : {};
      const weighted = 'weights' in chunk ? { weighted: true } : {};
      return [
        { ...source, ...size, ...weighted, width: 2, classes: 2, window: r.pick([1, 3, 100]), name: 'x' },
      ];
    },
    call: async (options: { chunks?: unknown }) => {
      // Tens of thousands of chunks are right, and take their time; fewer show the same.
      const many = typeof options?.chunks === 'number' && options.chunks > 1000 && options.chunks < 1e6;
      return readAll(streamDataset((many ? { ...options, chunks: 1000 } : options) as never));
    },
    check: (size, _, intact) => {
      if (intact) expectThat(size === 8, () => `${size} rows of 8`);
    },
  },
  streamArrays: {
    weight: 2,
    valid: (r) => [
      {
        inputs: r.pick([r.floats(8), Int8Array.of(1, 2, 3, -4, 5, 6, 7, 8), new Uint16Array(8).fill(9)]),
        ...{
          width: 2,
          labels: [0, 1, 1, 0],
          classes: 2,
          window: r.pick([2, 100]),
          chunkRows: r.pick([1, 3]),
        },
      },
    ],
    call: async (options: never) => readAll(streamArrays(options)),
    check: (size, _, intact) => {
      if (intact) expectThat(size === 4, () => `${size} rows of 4`);
    },
  },
  ensemble: {
    weight: 2,
    valid: (r) => [[classifier(r), classifier(r)], { weights: [1, 3], loss: 'softmaxCrossEntropy' }],
    call: (models: never, options: never) => {
      const shares = predictProba(engine, ensemble(models, options), [0.5, -0.5]);
      allFinite(shares);
      return shares;
    },
    check: (shares, [models], intact) => {
      if (!intact) return;
      const [one, other] = (models as lanegrad.Sequential[]).map((model) =>
        predictProba(engine, model, [0.5, -0.5], { loss: 'softmaxCrossEntropy' }),
      );
      const mean = one.map((share, i) => (share + 3 * other[i]) / 4);
      const off = (shares as Float32Array).map((share, i) => Math.abs(share - mean[i]));
      expectThat(Math.max(...off) < 1e-5, () => `${String(shares)}, not ${String(mean)}`);
    },
  },
};

/** Of Node. Files are none where they are looked for, and an error of ours says so. */
export const streamNodeFunctions: Record<string, Call> = {
  streamNpy: {
    valid: (_, { folder }) => [{ inputs: join(folder, 'x.npy'), labels: join(folder, 'y.npy'), window: 5 }],
    call: refused(node.streamNpy),
  },
  streamNpyFolder: {
    valid: (_, { folder }) => [join(folder, 'none'), { window: 5 }],
    call: refused(node.streamNpyFolder),
  },
  streamIdxFolder: {
    valid: (_, { folder }) => [join(folder, 'none'), { window: 5 }],
    call: refused(node.streamIdxFolder),
  },
  serveModel: {
    weight: 0.5,
    valid: (r) => [
      engine,
      classifier(r),
      { port: 0, maxBody: 1000, maxRows: 5, queue: 3, metadata: {}, name: 'x' },
    ],
    async call(...args: never[]) {
      const server = await apply(node.serveModel, args);
      try {
        const answer = await fetch(`${server.url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '[[0.5, -0.5]]',
        });
        return [answer.status, await answer.json()];
      } finally {
        await server.close();
      }
    },
    check(answer, _, intact) {
      const [status, body] = answer as [number, object];
      expectThat(status < 500, () => `status ${status}: ${JSON.stringify(body)}`);
      if (intact) expectThat('predictions' in body, () => JSON.stringify(body));
    },
  },
  sweepWorker: {
    weight: 0.1,
    // Port 1 is nobody's; a worker that is stopped already does not look.
    valid: (r) => [
      { queue: 'redis://127.0.0.1:1', workers: 1, ...(r.chance(0.9) && { signal: AbortSignal.abort() }) },
    ],
    call: refused(node.sweepWorker),
  },
};
