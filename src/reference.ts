/**
 * The reference engine: plain TypeScript, in float32 or float64, without WebAssembly. For checking and
 * comparing.
 *
 * @module lanegrad/reference
 */
export { createReferenceEngine } from './create/reference.js';
export {
  type GradcheckOptions,
  type GradcheckResult,
  type GradientError,
  gradcheck,
  gradcheckBounds,
  type ParameterCheck,
} from './train/gradcheck.js';
