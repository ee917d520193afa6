/** Everything that a page may want, for tests that are not about bundling. */
export * from '../../../dist/index.js';
export { createTrainer } from '../../../dist/trainer/index.js';
