/**
 * Every formula of the report, for the build: it turns them into MathML (assembly/report.mjs), so that nobody
 * who installs the package needs a typesetter. A formula that is not listed here is refused when the report
 * is drawn.
 */
import { derivations } from '../q1-derivations/derivations.js';
import { topics } from './original-topics.js';

/** Formulas within sentences of sections, which are no texts of derivations or topics. */
export const OUTPUT_MINUS_TARGET = 'y - t';
export const LOGITS_GRADIENT = String.raw`\partial l / \partial o`;
export const QUADRATIC_FORM = String.raw`x^\top Q x`;

/** On lines of their own. */
export const displayFormulas: readonly string[] = [
  ...derivations.flatMap(({ latex }) => latex),
  ...topics.flatMap(({ latex }) => latex),
];

/** Within lines. */
export const inlineFormulas: readonly string[] = [
  ...derivations.flatMap(({ text }) => text.flatMap(inlineOf)),
  ...topics.flatMap(({ original, right }) => [original, ...right].flatMap(inlineOf)),
  OUTPUT_MINUS_TARGET,
  LOGITS_GRADIENT,
  QUADRATIC_FORM,
];

/** What stands between dollar signs. */
function inlineOf(text: string): string[] {
  return text.split('$').filter((_, i) => i % 2 === 1);
}
