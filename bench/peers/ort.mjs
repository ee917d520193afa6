/**
 * ONNX Runtime: `node ort.mjs web|native`. It runs graphs and does not train, so it multiplies matrices and
 * predicts.
 */
import { imagesChannelsFirst } from './networks.mjs';
import { matmulModel, networkModel } from './onnx.mjs';
import { parseOptions, serve, versionOf } from './protocol.mjs';
import { CLASSES } from './workload.mjs';

const options = parseOptions();
const flavour = options.positionals[0] ?? 'web';
const module = flavour === 'native' ? 'onnxruntime-node' : 'onnxruntime-web';

await serve(`ort-${flavour}`, versionOf(module), options, async () => {
  const { default: standard, ...named } = await import(module);
  const ort = standard ?? named;
  const session = { graphOptimizationLevel: 'all', executionMode: 'sequential' };
  if (flavour === 'native') {
    // https://onnxruntime.ai/docs/performance/tune-performance/threading.html
    Object.assign(session, {
      executionProviders: ['cpu'],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
    });
  } else {
    // SIMD is always on; one thread spawns no worker:
    // https://onnxruntime.ai/docs/tutorials/web/env-flags-and-session-options.html
    ort.env.wasm.numThreads = options.threads;
    session.executionProviders = ['wasm'];
  }
  const make = (prepacked) => async (factors) => {
    const { M, N, K, a, b } = factors;
    const model = matmulModel(M, N, K, prepacked ? b : undefined);
    const graph = await ort.InferenceSession.create(model, session);
    const feeds = { A: new ort.Tensor('float32', a, [M, K]) };
    if (!prepacked) feeds.B = new ort.Tensor('float32', b, [K, N]);
    // An output that exists already saves an allocation a run.
    const fetches = { C: new ort.Tensor('float32', new Float32Array(M * N), [M, N]) };
    return {
      run: () => graph.run(feeds, fetches),
      result: async () => (await graph.run(feeds)).C.data,
    };
  };
  const predictor = (network) => async (x, rows) => {
    const [height, width, channels] = network.image;
    const graph = await ort.InferenceSession.create(networkModel(network, rows), session);
    const shape = [rows, channels, height, width];
    const images = new ort.Tensor('float32', imagesChannelsFirst(x, network.image), shape);
    const [logits] = graph.outputNames;
    const out = new ort.Tensor('float32', new Float32Array(rows * CLASSES), [rows, CLASSES]);
    return {
      run: () => graph.run({ images }, { [logits]: out }),
      result: async () => (await graph.run({ images }))[logits].data,
    };
  };
  return {
    network: (network) => ({ predictor: predictor(network) }),
    settings: { graphOptimizationLevel: 'all' },
    products: { general: make(false), prepacked: make(true) },
  };
});
