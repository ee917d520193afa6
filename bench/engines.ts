/** The engines that a bench compares: the reference first, since ratios are to it. */
import { createEngine, createReferenceEngine, type Engine } from '../src/engine/engine.js';

export interface Contender {
  readonly name: string;
  readonly engine: Engine;
}

export async function openContenders(): Promise<Contender[]> {
  return [
    { name: 'reference', engine: createReferenceEngine() },
    { name: 'strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  ];
}
