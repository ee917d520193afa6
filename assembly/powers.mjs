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

/**
 * Kinds with what they raise to the power of e, by the kind whose argument that is; the last for all others.
 * Functions and slopes are apart, as the time that Binaryen takes grows with the square of what stands together.
 */
const functions = {
  name: 'map_power',
  parameters: 'y: usize, x: usize, n: i32, kind: i32',
  pointers: ['x', 'y'],
  kinds: ['EXP', 'SIGMOID', 'TANH', 'GELU', 'GELU_TANH', 'SILU', 'SOFTPLUS'],
  sameArgument: [
    ['TANH', ['TANH']],
    ['EXP', ['EXP']],
    ['GELU', ['GELU']],
    ['GELU_TANH', ['GELU_TANH']],
    ['SIGMOID', []],
  ],
};
const slopes = {
  name: 'map_power_slope',
  parameters: 'dx: usize, x: usize, dy: usize, n: i32, kind: i32, parameter: f32',
  pointers: ['x', 'dy', 'dx'],
  kinds: ['GELU_SLOPE', 'GELU_TANH_SLOPE', 'SILU_SLOPE', 'SOFTPLUS_SLOPE', 'ELU_SLOPE'],
  sameArgument: [
    ['GELU', ['GELU_SLOPE']],
    ['GELU_TANH', ['GELU_TANH_SLOPE']],
    ['ELU_SLOPE', ['ELU_SLOPE']],
    ['SIGMOID', []],
  ],
};

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

const isSlope = (set) => set === slopes;

function six(set) {
  const dy = (i, at) => (isSlope(set) ? `v128.load(dy, ${at}), a` : `v${i}, v${i}`);
  const scaled = (kind) => each((i) => `p${i} = ${kind}_scaled(p${i}, t${i});`);
  return [
    ...each((i, at) => `const v${i} = v128.load(x, ${at});`),
    ...each((i) => `let x${i}: v128;`),
    ...branches(
      set.sameArgument.map(([kind, kinds]) => [oneOf(kinds), each((i) => `x${i} = limit(v${i}, ${kind});`)]),
    ),
    ...each((i) => `const t${i} = exp_turns(x${i}, magic);`),
    ...each((i) => `let r${i} = exp_rest(x${i}, t${i}, magic);`),
    apart('r'),
    ...each((i) => `let p${i} = exp_begun(r${i});`),
    apart('p'),
    ...each((i) => `p${i} = exp_ended(p${i}, r${i});`),
    ...(isSlope(set)
      ? scaled('down')
      : branches([
          ['kind == EXP', scaled('any')],
          ['', scaled('down')],
        ])),
    ...branches(
      set.kinds
        .filter((kind) => kind !== 'EXP')
        .map((kind) => [
          oneOf([kind]),
          each((i, at) => `p${i} = result(v${i}, p${i}, ${dy(i, at)}, ${kind});`),
        ]),
    ),
    ...each((i, at) => `v128.store(${set.pointers.at(-1)}, p${i}, ${at});`),
  ];
}

const one = (set) => [
  'const count = min(n, 4);',
  'const v = load_some(x, count);',
  ...(isSlope(set) ? ['const d = load_some(dy, count);'] : []),
  'let z = v;',
  ...branches(set.sameArgument.map(([kind, kinds]) => [oneOf(kinds), [`z = argument(v, ${kind});`]])),
  ...(isSlope(set) ? [] : ['if (kind == EXP) z = exp4(v);', 'else']),
  'z = exp_down4(z);',
  ...branches(
    set.kinds
      .filter((kind) => kind !== 'EXP')
      .map((kind) => [oneOf([kind]), [`z = result(v, z, ${isSlope(set) ? 'd, a' : 'v, v'}, ${kind});`]]),
  ),
  `store_some(${set.pointers.at(-1)}, z, count);`,
];

const loop = (set, head, lines, bytes) => [
  `for (; ${head}) {`,
  ...[...lines, ...set.pointers.map((p) => `${p} += ${bytes};`)].map((line) => `  ${line}`),
  '}',
];

function powerLoop(set) {
  const lines = [
    ...(isSlope(set) ? ['const a = f32x4.splat(parameter);'] : []),
    `const magic = ${isSlope(set) ? 'down_magic()' : 'kind == EXP ? any_magic() : down_magic()'};`,
    ...loop(set, `n >= ${4 * VECTORS}; n -= ${4 * VECTORS}`, six(set), 16 * VECTORS),
    ...loop(set, 'n > 0; n -= 4', one(set), 16),
  ];
  return `
/** ${isSlope(set) ? "dx = dy · f'(x)" : 'y = f(x)'}. */
export function ${set.name}(${set.parameters}): void {
${lines.map((line) => `  ${line}\n`).join('')}}
`;
}

export function powers() {
  return `// Written by assembly/powers.mjs.
import { argument, limit, result, ${[...functions.kinds, ...slopes.kinds].join(', ')} } from '../../assembly/exponential';
import {
  any_magic, any_scaled, down_magic, down_scaled, exp4, exp_begun, exp_down4, exp_ended, exp_rest, exp_turns,
} from '../../assembly/math';
import { load_some, store_some } from '../../assembly/tail';
${powerLoop(functions)}${powerLoop(slopes)}`;
}
