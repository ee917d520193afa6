/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `Symbol.dispose`, which not every browser has yet: there a symbol of its own takes its place, and `using`
 * is not to be had.
 */
export const disposeSymbol: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
