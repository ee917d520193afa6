/**
 * The seam between the library and where it runs. `#platform` resolves to node.ts or browser.ts by package.json's
 * `imports`, so a browser bundle never reaches a `node:` import.
 */
export interface Platform {
  /** Short name and version for records: `node 24.1.0`, or the browser's own words. */
  readonly runtime: string;
  /** A file: its bytes, or the answer of the server that has it. Throws FileError when it cannot be had. */
  loadAsset(url: URL): Promise<Uint8Array<ArrayBuffer> | Response>;
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Milliseconds that a long loop may go on before it lets the event loop turn. */
  readonly turnInterval: number;
  /** Lets timers, signals and input be handled, then goes on. */
  yieldToEventLoop(): Promise<void>;
  /** Tells the developer, not the user, of something that was handled. */
  warn(message: string): void;
  /** Asks the engine to accept relaxed SIMD where that is still behind a flag. */
  enableRelaxedSimd(): void;
  /** Why re-vectorised code cannot be had here; undefined where it can. */
  readonly turboUnavailable: string | undefined;
  /** Compiles the kernels; with `turbo` 128-bit neighbours are fused to 256 bits. */
  compile(bytes: Uint8Array<ArrayBuffer>, turbo: boolean): Promise<WebAssembly.Module>;
  /** After turbo code ran, before other code does: see node.ts. */
  leaveTurbo(): void;
}

export declare const platform: Platform;
