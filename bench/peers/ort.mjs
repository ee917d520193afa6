/**
 * ONNX Runtime: `node ort.mjs web|native`. It runs graphs and does not train, so it multiplies matrices only.
 */
import { matmulModel } from './onnx.mjs';
import { parseOptions, serve, versionOf } from './protocol.mjs';

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
  return {
    settings: { graphOptimizationLevel: 'all' },
    products: { general: make(false), prepacked: make(true) },
  };
});
