/** The reference engine: plain TypeScript, in float32 or float64, without WebAssembly. For checking and comparing. */
export { createReferenceEngine } from './engine/engine.js';
