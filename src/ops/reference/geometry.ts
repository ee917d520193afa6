/** The geometry of windows over images, as a kernel's twin reads it. */
import { GEOMETRY, type Geometry } from '../../engine/geometry.js';
import type { ReferenceMemory } from './memory.js';

/** The words at a pointer, by their names. */
export function readGeometry({ i32 }: ReferenceMemory, pointer: number): Geometry {
  const words = GEOMETRY.map((name, i) => [name, i32[(pointer >>> 2) + i]] as const);
  return Object.fromEntries(words) as Record<(typeof GEOMETRY)[number], number>;
}
