/**
 * Turbo code: loops that V8 re-vectorises to 256 bits, compared with plain code before it is used. Loaded
 * where it is asked for.
 */
import { platform } from '#platform';
import { EngineError } from '../base/errors.js';
import type { WasmGlobal } from '../base/globals.js';
import { type Computer, sameBits } from './self-check.js';

/** A small problem needs little memory. */
const PAGES = 256;

/** The module, and whether it is turbo code: plain code, with a warning, where their bits differ. */
export async function compileTurbo(
  fast: (() => Promise<WasmGlobal<'Module'>>) | undefined,
  plain: () => Promise<WasmGlobal<'Module'>>,
  start: (module: WasmGlobal<'Module'>, maxPages: number) => Promise<Computer>,
): Promise<{ module: WasmGlobal<'Module'>; turbo: boolean }> {
  if (!fast) throw new EngineError('createEngine', 'turbo compiles the bytes anew; option wasm is a module');
  const module = await fast();
  if (sameBits(await start(module, PAGES), await start(await plain(), PAGES))) {
    return { module, turbo: true };
  }
  platform.warn('turbo code gives other bits than plain code on this machine; going on without it');
  return { module: await plain(), turbo: false };
}
