import type { Network } from '../nn/model.js';

/** The models that a call of `fit` has at hand, by their parameters: copies of the object share them. */
export const inTraining = /* @__PURE__ */ new WeakSet<Network['parameters']>();
