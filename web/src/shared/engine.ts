/** The line at the top of the page that says what computes, in the part that is to be seen. */
import type { EngineInfo } from 'lanegrad';
import { say } from './dom.js';
import type { PartName } from './route.js';

const texts = new Map<PartName, string>();
let shown: PartName = 'digits';

export function showEngineOf(part: PartName): void {
  shown = part;
  say('engine', texts.get(part) ?? 'Starting …');
}

export function sayEngine(part: PartName, text: string): void {
  texts.set(part, text);
  if (part === shown) say('engine', text);
}

/** Such as `SIMD + FMA · 2 threads, in a worker`. */
export function describeEngine({ backend, math, threads }: EngineInfo): string {
  const kind = backend === 'wasm' ? `SIMD${math === 'fma' ? ' + FMA' : ''}` : 'plain TypeScript';
  return `${kind} · ${threads === 1 ? 'one thread' : `${threads} threads`}, in a worker`;
}
