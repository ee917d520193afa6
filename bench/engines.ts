/** The engines that a bench compares: the reference first, since ratios are to it. */

import { platform } from '../src/base/platform/node.js';
import { createEngine } from '../src/create/engine.js';
import { createReferenceEngine } from '../src/create/reference.js';
import type { Engine } from '../src/engine/engine.js';

export interface Contender {
  readonly name: string;
  readonly engine: Engine;
}

/** Every arithmetic that this Node has; the reference knows one thread only. */
export async function openContenders(threads = 1): Promise<Contender[]> {
  const contenders = [
    { name: 'reference', engine: createReferenceEngine() },
    { name: 'strict', engine: await createEngine({ backend: 'wasm', math: 'strict', threads }) },
    { name: 'fma', engine: await createEngine({ backend: 'wasm', math: 'fma', threads }) },
  ];
  if (platform.turboUnavailable) return contenders;
  return [
    ...contenders,
    { name: 'strict turbo', engine: await createEngine({ math: 'strict', turbo: true, threads }) },
    { name: 'fma turbo', engine: await createEngine({ math: 'fma', turbo: true, threads }) },
  ];
}
