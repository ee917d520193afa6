/** The kernels as text within the code, unpacked when they are first wanted. */
import { lengths, text } from '../../build/embedded.js';
import type { WasmSources } from './load.js';

type Name = keyof typeof lengths;

let unpacking: Promise<Record<string, Uint8Array<ArrayBuffer>>> | undefined;

async function unpack(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 0;
  const entries = Object.entries(lengths).map(([name, length]) => {
    at += length;
    return [name, bytes.subarray(at - length, at)];
  });
  return Object.fromEntries(entries);
}

function source(name: Name): () => Promise<Uint8Array<ArrayBuffer>> {
  return async () => {
    unpacking ??= unpack();
    return (await unpacking)[name];
  };
}

export const embedded: WasmSources = Object.fromEntries(
  (Object.keys(lengths) as Name[]).map((name) => [name, source(name)]),
);
