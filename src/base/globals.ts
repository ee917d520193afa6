/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Types of globals that a user's project may not have: its `lib` may lack the DOM, and its TypeScript may be
 * older than ours. The published declarations name such types by way of this file, and are free of errors
 * everywhere from TypeScript 5.4 on.
 */

/** What `new` makes of a global such as URL; `object` where there is no such global. */
export type Global<Name extends string> = typeof globalThis extends {
  [name in Name]: { prototype: infer Instance };
}
  ? Instance
  : object;

/** What `new` makes of a member of the global WebAssembly, such as Module. */
export type WasmGlobal<Name extends string> = typeof globalThis extends {
  WebAssembly: { [name in Name]: { prototype: infer Instance } };
}
  ? Instance
  : object;

/** Bytes whose memory is not shared: `Uint8Array<ArrayBuffer>`, which TypeScript says from 5.7 on. */
export type Bytes = ReturnType<Uint8Array['slice']>;
