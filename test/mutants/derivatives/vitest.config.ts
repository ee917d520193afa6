/** The tests that mutants are run against: those that are quick and compare numbers, the quickest first. */
import { readFileSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import tests from '../../vitest.config.js';

const { root, resolve } = tests as ViteUserConfig;
const include = [
  ...['graph/derive', 'graph/gradients', 'kernels/losses', 'kernels/cross-entropy', 'kernels/norm'],
  ...['kernels/layer-norm', 'kernels/reduce', 'kernels/dropout', 'kernels/smooth-reference'],
  ...['kernels/softmax', 'engine/ops', 'engine/ops-refusals', 'engine/losses', 'nn/many-rows'],
  ...['kernels/pool', 'kernels/norm-blocks', 'kernels/conv', 'nn/conv', 'nn/gradients', 'nn/layer-gradients'],
  ...['graph/image-functions', 'nn/freeze', 'graph/passes'],
].map((name) => `test/${name}.test.ts`);

/** By their order above. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => include.findIndex((path) => moduleId.endsWith(path));
    return files.sort((a, b) => place(a) - place(b));
  }
}

const out = `${root}build/mutants/derivatives/`;
const instrumented = new Map(
  Object.entries(JSON.parse(readFileSync(`${out}instrumented.json`, 'utf8')) as Record<string, string>).map(
    ([name, content]) => [root + name, content],
  ),
);

export default defineConfig({
  root,
  resolve,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform: (_, id) => instrumented.get(id),
    },
  ],
  test: {
    setupFiles: ['test/setup.ts'],
    runner: 'test/mutants/derivatives/runner.ts',
    testTimeout: 600_000,
    hookTimeout: 600_000,
    isolate: false,
    maxWorkers: 2,
    include: process.env.MUTANTS === 'quick' ? include.slice(0, 2) : include,
    sequence: { sequencer: InOrder },
    provide: { results: `${out}results.jsonl` },
    reporters: ['default'],
  },
});

declare module 'vitest' {
  interface ProvidedContext {
    results: string;
  }
}
