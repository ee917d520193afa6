/**
 * Writes build/assembly/powers.ts: the loop over what is made of one power of e for each element
 * (exponential.ts). Its stages (math.ts) do six vectors at once; done to one vector after the other, they leave
 * a processor waiting for the polynomial. It is written by a program because each stage is one line, six times.
 *
 * What differs between the kinds comes in branches before and after, not nested, as the re-vectoriser fuses no
 * vectors there. All stores come at the end with nothing loaded between: TurboFan (Node 22) would do the work
 * between them, too. Sigmoid in ns an element, Zen 4, one vector after the other and six at once: Node 24,
 * strict 1.27 and 0.85, fma 0.92 and 0.70; Node 22, 1.06 and 0.86, 0.83 and 0.74.
 */
const VECTORS = 6;

/** Kinds with what they raise to the power of e, by the kind whose argument that is; the last for all others. */
const sameArgument = [
  ['TANH', ['TANH']],
  ['EXP', ['EXP']],
  ['GELU', ['GELU', 'GELU_SLOPE']],
  ['GELU_TANH', ['GELU_TANH', 'GELU_TANH_SLOPE']],
  ['ELU_SLOPE', ['ELU_SLOPE']],
  ['SIGMOID', []],
];
const functions = ['SIGMOID', 'TANH', 'GELU', 'GELU_TANH', 'SILU', 'SOFTPLUS'];
const slopes = ['GELU_SLOPE', 'GELU_TANH_SLOPE', 'SILU_SLOPE', 'SOFTPLUS_SLOPE', 'ELU_SLOPE'];

/** A line for each vector. */
const each = (line) => Array.from({ length: VECTORS }, (_, i) => line(i, 16 * i));

/** if … else if … else, of [condition, lines]; a condition that is empty is always true. */
const branches = (cases) =>
  cases.flatMap(([condition, lines], i) => [
    `${i > 0 ? '} else ' : ''}${condition ? `if (${condition}) ` : ''}{`,
    ...lines.map((line) => `  ${line}`),
    ...(i === cases.length - 1 ? ['}'] : []),
  ]);

const oneOf = (kinds) => kinds.map((kind) => `kind == ${kind}`).join(' || ');

/** n is above 0. V8 knows and leaves this out. Binaryen does not, and so leaves the stages apart. */
const apart = (name) => `if (n <= 0) ${each((i) => `${name}${i} =`).join(' ')} v0;`;

const six = [
  ...each((i, at) => `const v${i} = v128.load(x, ${at});`),
  ...each((i) => `let x${i}: v128;`),
  ...branches(
    sameArgument.map(([kind, kinds]) => [oneOf(kinds), each((i) => `x${i} = limit(v${i}, ${kind});`)]),
  ),
  ...each((i) => `const t${i} = exp_turns(x${i}, magic);`),
  ...each((i) => `let r${i} = exp_rest(x${i}, t${i}, magic);`),
  apart('r'),
  ...each((i) => `let p${i} = exp_begun(r${i});`),
  apart('p'),
  ...each((i) => `p${i} = exp_ended(p${i}, r${i});`),
  ...branches([
    ['kind == EXP', each((i) => `p${i} = any_scaled(p${i}, t${i});`)],
    ['', each((i) => `p${i} = down_scaled(p${i}, t${i});`)],
  ]),
  ...branches([
    ...functions.map((kind) => [
      oneOf([kind]),
      each((i) => `p${i} = result(v${i}, p${i}, v${i}, a, ${kind});`),
    ]),
    ...slopes.map((kind) => [
      oneOf([kind]),
      each((i, at) => `p${i} = result(v${i}, p${i}, v128.load(dy, ${at}), a, ${kind});`),
    ]),
  ]),
  ...each((i, at) => `v128.store(y, p${i}, ${at});`),
];

const one = [
  'const count = min(n, 4);',
  'const v = load_some(x, count);',
  'const d = kind >= GELU_SLOPE ? load_some(dy, count) : v;',
  'let z = v;',
  ...branches(sameArgument.map(([kind, kinds]) => [oneOf(kinds), [`z = argument(v, ${kind});`]])),
  'if (kind == EXP) z = exp4(v);',
  'else z = exp_down4(z);',
  ...branches([...functions, ...slopes].map((kind) => [oneOf([kind]), [`z = result(v, z, d, a, ${kind});`]])),
  'store_some(y, z, count);',
];

const loop = (head, lines, bytes) => [
  `for (; ${head}) {`,
  ...[...lines, ...['x', 'dy', 'y'].map((p) => `${p} += ${bytes};`)].map((line) => `  ${line}`),
  '}',
];

const kinds = ['EXP', ...functions, ...slopes];

export function powers() {
  return `// Written by assembly/powers.mjs.
import { argument, limit, result, ${kinds.join(', ')} } from '../../assembly/exponential';
import {
  any_magic, any_scaled, down_magic, down_scaled, exp4, exp_begun, exp_down4, exp_ended, exp_rest, exp_turns,
} from '../../assembly/math';
import { load_some, store_some } from '../../assembly/tail';

/** y = f(x), or of slopes dy · f'(x). */
export function map_power(y: usize, x: usize, dy: usize, n: i32, kind: i32, parameter: f32): void {
  const a = f32x4.splat(parameter);
  const magic = kind == EXP ? any_magic() : down_magic();
${[...loop(`n >= ${4 * VECTORS}; n -= ${4 * VECTORS}`, six, 16 * VECTORS), ...loop('n > 0; n -= 4', one, 16)]
  .map((line) => `  ${line}\n`)
  .join('')}}
`;
}
