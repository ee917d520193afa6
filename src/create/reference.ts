/** Engines on plain TypeScript. */
import { platform } from '#platform';
import { OptionReader } from '../base/options.js';
import { Engine } from '../engine/engine.js';
import { numericsVersion } from '../engine/numerics.js';
import { createReferenceBackend } from '../ops/reference/index.js';

/** An engine on plain TypeScript, in float32 or, for checking gradients, in float64. */
export function createReferenceEngine(options?: {
  precision?: 'float32' | 'float64';
  reason?: string;
}): Engine {
  const reader = new OptionReader('createReferenceEngine', options);
  const precision = reader.oneOf('precision', ['float32', 'float64'], 'float32');
  const reason = reader.string('reason', 'asked for');
  reader.end();
  return new Engine(createReferenceBackend({ precision }), {
    backend: 'reference',
    math: 'strict',
    turbo: false,
    threads: 1,
    numerics: numericsVersion,
    runtime: platform.runtime,
    reason,
  });
}
