/** The engines that the tests of what lies in memory run over. */
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';

export const engines: [name: string, create: () => Promise<Engine> | Engine][] = [
  ['wasm', () => createEngine({ backend: 'wasm', math: 'strict' })],
  ['reference', () => createReferenceEngine()],
  ['reference in float64', () => createReferenceEngine({ precision: 'float64' })],
];
