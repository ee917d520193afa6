/** What the sets of a training must have alike beside their form. Loaded with the first validation set. */
import { DataError, show } from '../base/errors.js';
import { answersOf, type Dataset } from '../data/set.js';

/** Where both sets name their classes, the same number must mean the same class. */
export function checkSameClasses(where: string, train: Dataset, validation: Dataset): void {
  const others = answersOf(validation);
  for (const [output, { classNames }] of answersOf(train)) {
    const other = others.find(([name]) => others.length === 1 || name === output);
    checkSameNames(where, output === undefined ? '' : `${output}, `, classNames, other?.[1].classNames);
  }
}

function checkSameNames(
  where: string,
  output: string,
  own: readonly string[] | undefined,
  other: readonly string[] | undefined,
): void {
  if (!own || !other) return;
  const at = Array.from({ length: Math.max(own.length, other.length) }, (_, i) => i).find(
    (i) => own[i] !== other[i],
  );
  if (at === undefined) return;
  const [expected, given] = [own, other].map((names) => (at < names.length ? show(names[at]) : 'none'));
  throw new DataError(
    where,
    `validation: ${output}class ${at}: expected ${expected}, as of train, given ${given}`,
  );
}
