/** Turbo code: loops that V8 re-vectorises to 256 bits, compared with plain code before it is used. Loaded where it is asked for. */
import { platform } from '#platform';
import { EngineError } from '../base/errors.js';
import type { Bytes, WasmGlobal } from '../base/globals.js';
import { refused } from './load.js';
import { type Computer, sameBits } from './self-check.js';

/** A small problem needs little memory. */
const PAGES = 256;

/** The module, and whether it is turbo code: plain code, with a warning, where their bits differ. */
export async function compileTurbo(
  bytes: Bytes | undefined,
  plain: () => Promise<WasmGlobal<'Module'>>,
  start: (module: WasmGlobal<'Module'>, maxPages: number) => Promise<Computer>,
): Promise<{ module: WasmGlobal<'Module'>; turbo: boolean }> {
  if (!bytes) throw new EngineError('createEngine', 'turbo compiles the bytes anew; option wasm is a module');
  const fast = await platform.compile(bytes, true).catch(refused);
  if (sameBits(await start(fast, PAGES), await start(await plain(), PAGES))) {
    return { module: fast, turbo: true };
  }
  platform.warn('turbo code gives other bits than plain code on this machine; going on without it');
  return { module: await plain(), turbo: false };
}
