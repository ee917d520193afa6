/** Einsum: sums of products that are a product of matrices. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { attributeOf } from '../flow.js';
import { named } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { elementwise } from './elementwise.js';
import { plain } from './layout.js';
import { batched, withMatrix } from './products.js';
import { reduced, without } from './reduce.js';
import { shapeOf, type Term, type Traced } from './traced.js';

/** A value, and the letter of each of its axes. */
interface Lettered {
  readonly x: Traced;
  readonly letters: readonly string[];
}

interface Equation {
  /** Letters of the axes of each input. */
  readonly given: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** Letters for the axes that "..." stands for. */
const REST = [...'0123456789'];

function equationOf(node: NodeReader): Equation {
  const { fail } = node;
  const text = attributeOf(node.node, 'equation')?.string ?? fail('its equation is missing');
  const [left, right, more] = text.replaceAll(' ', '').split('->');
  const inputs = left.split(',');
  const isPlain = [...inputs, right ?? ''].every((own) => /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(own));
  if (!isPlain || more !== undefined || inputs.length > 2)
    fail(`expected an equation of one or two inputs in letters, given ${show(text)}`);
  if (inputs.length !== node.count) fail(`expected ${inputs.length} inputs, given ${node.count}`);
  const rests = inputs.map((own, i) =>
    own.includes('...') ? node.dims(i).length - own.replace('...', '').length : 0,
  );
  const most = Math.max(...rests);
  // What "..." stands for is aligned at the last of it.
  const letters = (own: string, rest: number) => {
    const [before, after] = own.split('...');
    return after === undefined ? [...own] : [...before, ...REST.slice(most - rest, most), ...after];
  };
  if (most > REST.length || rests.some((rest) => rest < 0)) fail(`its inputs do not fit ${show(text)}`);
  const given = inputs.map((own, i) => letters(own, rests[i]));
  const all = given.flat();
  const once = [...new Set(all)].filter((own) => all.indexOf(own) === all.lastIndexOf(own)).sort();
  const isRest = (own: string) => REST.includes(own);
  const result =
    right === undefined
      ? [...REST.slice(0, most), ...once.filter((own) => !isRest(own))]
      : letters(right, most);
  if (new Set(result).size !== result.length) fail(`its result has a letter twice: ${show(text)}`);
  const unknown = result.find((own) => !all.includes(own));
  if (unknown) fail(`its result has ${show(unknown)}, which no input has`);
  return { given, result };
}

/** Lengths by letter. */
function sizesOf(node: NodeReader, given: readonly (readonly string[])[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [i, letters] of given.entries()) {
    const dims = node.dims(i);
    if (letters.length !== dims.length)
      node.fail(`expected ${letters.length} axes of input ${i}, given ${show(named(dims))}`);
    for (const [j, letter] of letters.entries()) {
      const known = sizes.get(letter) ?? dims[j];
      if (known !== dims[j])
        node.fail(`expected one length of ${letter}, given ${show(named([known, dims[j]]))}`);
      sizes.set(letter, known);
    }
  }
  return sizes;
}

/** With each letter once: of two axes of one letter, the diagonal. */
function diagonal(node: NodeReader, { x, letters }: Lettered): Lettered {
  const again = letters.findIndex((own, i) => letters.indexOf(own) < i);
  if (again < 0) return { x, letters };
  const first = letters.indexOf(letters[again]);
  const [rows, columns] = [first, again].map((axis) => node.placesAlong(shapeOf(x), axis));
  const kept = elementwise(node, [x, rows, columns], x.kind, (own, i, j) => F.where(F.equal(i, j), own, 0));
  const own = without(node, reduced(node, kept as Traced, 'sum', [again]), [again]) as Traced;
  return diagonal(node, { x: own, letters: letters.filter((_, i) => i !== again) });
}

/** What the others do not have is summed. */
function summed(node: NodeReader, { x, letters }: Lettered, others: readonly string[]): Lettered {
  const axes = letters.flatMap((letter, i) => (others.includes(letter) ? [] : [i]));
  if (axes.length === 0) return { x, letters };
  const own = without(node, reduced(node, x, 'sum', axes), axes) as Traced;
  return { x: own, letters: letters.filter((_, i) => !axes.includes(i)) };
}

function turnedTo({ x, letters }: Lettered, to: readonly string[]): Traced {
  return { ...x, axes: to.map((letter) => x.axes[letters.indexOf(letter)]) };
}

/**
 * Letters that both inputs have and the result has too count the matrices, letters that only one has are rows
 * or columns, others are summed.
 */
function einsum(node: NodeReader): Term {
  const { given, result } = equationOf(node);
  const sizes = sizesOf(node, given);
  const [a, b] = given.map((letters, i) => {
    const others = [...given.filter((_, j) => j !== i).flat(), ...result];
    return summed(node, diagonal(node, { x: node.traced(i), letters }), others);
  });
  if (!b) return turnedTo(a, result);
  const both = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = both.filter((letter) => result.includes(letter));
  const inner = both.filter((letter) => !result.includes(letter));
  const rows = a.letters.filter((letter) => !both.includes(letter));
  const columns = b.letters.filter((letter) => !both.includes(letter));
  const lengths = (own: readonly string[]) => own.map((letter) => sizes.get(letter)!);
  const matrices = (own: Lettered, first: readonly string[], second: readonly string[]) =>
    node.reshaped(turnedTo(own, [...batch, ...first, ...second]), [
      ...lengths(batch),
      elementsOf(lengths(first)),
      elementsOf(lengths(second)),
    ]);
  const all = [...batch, ...rows, ...columns];
  const made = product(node, matrices(a, rows, inner), matrices(b, inner, columns));
  return turnedTo({ x: node.reshaped(made, lengths(all)), letters: all }, result);
}

/** One matrix for all rows is told from those of each. */
function product(node: NodeReader, a: Traced, b: Traced): Traced {
  if (b.axes.length > 2 || b.value.shape.rows) return batched(node, a, b);
  return withMatrix(node, a, plain(b, node.fail).value);
}

/** By name. */
export const einsumOperators: Readonly<Record<string, TracedOperator>> = {
  Einsum: { inputs: 2, attributes: ['equation'], read: einsum },
};
