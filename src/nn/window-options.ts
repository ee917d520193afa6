/** Options of layers whose windows move over images: kernels of convolutions, and pooling. */
import type { OptionReader } from '../base/options.js';
import { readWindow, type WindowOptions } from '../graph/windows.js';

/**
 * Size, stride, padding and dilation as they were given, checked, for the layer and its file. The stride is
 * `stride` where none is given. Throws OptionError.
 */
export function readWindowOptions(
  where: string,
  size: unknown,
  reader: OptionReader,
  stride: unknown = 1,
): Required<WindowOptions> {
  const window = {
    size,
    stride: readOption(reader, 'stride', stride),
    padding: readOption(reader, 'padding', 'valid'),
    dilation: readOption(reader, 'dilation', 1),
  } as Required<WindowOptions>;
  readWindow(where, window);
  // Lists are known to be short now.
  return Object.fromEntries(Object.entries(window).map(([key, own]) => [key, copyOf(own)])) as never;
}

/** What is given, for windows.ts to look at; the default for what is absent only: null is a mistake. */
export function readOption(reader: OptionReader, key: string, fallback: unknown): unknown {
  const given = reader.any(key);
  return given === undefined ? fallback : given;
}

/** A list of the caller's may change. */
export function copyOf(given: unknown): unknown {
  return Array.isArray(given) ? [...given] : given;
}
