/** Networks that once showed a fault, of the library or of these tests: they are tried first. */
import type { Recipe } from './recipe.js';

export const examples: readonly Recipe[] = [];
