/**
 * Writes the micro-kernels, build/assembly/micro.ts: the only place where products are multiplied and added.
 * Everything around them (blocks, panels, edges, start values) belongs to `driver.ts`; the split is that of
 * BLIS (Van Zee and van de Geijn, 2015). They are written by a program because each is the same few lines over
 * and over, once for each row, vector and step.
 *
 *            b: K rows of 8           Tile 6x8: twelve accumulators of four lanes stay in registers over all K.
 *           ┌────┬────┐               Each step loads one row of b and one element of each row of a.
 *           │ b0 │ b1 │
 *  a: K     ├────┼────┤               The accumulators begin with the rows at `start`, `ldstart` bytes apart: those of
 *  columns  │c00 │c01 │               C, or the bias or zeros with a distance of 0. So there is no branch at the
 *  of 6     │c10 │ …  │               end, every element is one sum in ascending k, and V8's re-vectoriser can fuse
 *           │ …  │    │               the accumulators in pairs.
 *           │c50 │c51 │
 *           └────┴────┘               Panels: a[k][6], b[k][8], dense. Distances here are bytes.
 *
 * Kernels `across` make a row of tiles in one call: calls, around which V8 saves all registers, cost 3 % of
 * 784x64:64x300 and a tenth where K is 10. The compiler of V8 up to Node 22 spills the accumulators of such
 * nested loops, at half the speed, and so there are kernels of one tile, too.
 *
 * SIMD on x86 has 16 registers, one of which V8 keeps for itself: accumulators + vectors of b + one of a, and
 * without fma one for the product that is about to be added. So the largest tile is 6x8 with fma and 5x8
 * without: there a sixth row's accumulator was spilled, and each step waited for it to come back from memory
 * (28.7 against 46.8 GFLOPS on Zen 4). The 16-column tiles are for re-vectorised code, where two neighbours
 * share one register of 256 bits; those of 4 columns for the right edge.
 *
 * `direct` tiles read B where it lies. Of few rows that is faster than packing: of 8 rows by a quarter, with
 * turbo by a half, of 16 by a sixth and a fifth, of 64 by 1 to 4 % (fma, Zen 4; without fma it is slower from 12
 * rows on).
 *
 * What bounds a tile are the instructions that a processor begins in a cycle, six on Zen and four on Cascade
 * Lake. A broadcasting load costs two, as its address is computed apart, a plain load one: where panels of A
 * hold each element four times (`splat`), a step of 6x8 with fma is 26 instructions in place of 33, of which
 * four a cycle take 6.5 cycles in place of 8.25, the multiply-adds themselves 6. Then the panels are four
 * times as large, and K is taken in shorter blocks. The re-vectoriser does not fuse such loads, so the
 * 16-column tiles broadcast.
 *
 * ARM64 has 32 registers, of which V8 keeps three. There a broadcasting load is three instructions and takes a
 * vector unit besides, a plain one two: by the code of Node 24 a step of 6x8 is 43 instructions for 12
 * multiply-adds, 33 with `splat`, of 8x8 with `splat` and two steps a turn 41 for 16. Of llvm-mca 19, which is
 * an estimate and no measurement, those take 9.5, 6.4 and 8.0 cycles on Neoverse N1, 5.3, 4.8 and 5.8 on V1,
 * 5.1, 3.0 and 4.0 on V2, 13.0, 10.9 and 13.5 on Ampere 1; no processor was at hand. 12x8 would be 57
 * instructions for 24, but V8 up to Node 22 spills it, and 8x8 it never does. Without fma 5x8 with `splat`
 * keeps all vector units of the three Neoverse models busy, and there are no taller tiles.
 *
 * Several steps a turn save the loop's test, its additions and its look at the stack's limit. The way out
 * between them keeps Binaryen from nesting an accumulator's products, which spills registers. Without fma 5x8
 * (splat) gains a tenth, 5x16 a sixth (Zen 4); 6x16 goes from 69 to 76 % of the limit of a Cascade Lake Xeon.
 * Not in 6x8: V8 unrolls so short a loop by itself in Node 24, and Node 20 spills what has a way out,
 * at half the speed.
 */

/**
 * Rows and columns of each tile; whether an element of a stands four times; steps a turn. `direct`: rows of b
 * lie `ldb` bytes apart, as in B itself. `across`: a call makes `count` tiles side by side, whose panels of b
 * lie `nextB` apart.
 */
const kernels = [
  { rows: 6, columns: 8 },
  { rows: 5, columns: 8 },
  { rows: 4, columns: 8 },
  { rows: 6, columns: 4 },
  { rows: 5, columns: 4 },
  { rows: 4, columns: 4 },
  { rows: 6, columns: 8, direct: true },
  { rows: 4, columns: 8, direct: true },
  { rows: 5, columns: 8, copies: 4 },
  { rows: 4, columns: 8, copies: 4 },
  { rows: 6, columns: 4, copies: 4 },
  { rows: 5, columns: 4, copies: 4 },
  { rows: 4, columns: 4, copies: 4 },
  { rows: 6, columns: 8, across: true },
  { rows: 4, columns: 8, across: true },
  { rows: 6, columns: 8, copies: 4, across: true },
  { rows: 5, columns: 8, copies: 4, across: true, steps: 4 },
  { rows: 4, columns: 8, copies: 4, across: true },
  { rows: 6, columns: 16, across: true, steps: 4 },
  { rows: 5, columns: 16, across: true, steps: 4 },
  { rows: 4, columns: 16, across: true },
  { rows: 6, columns: 8, across: true, direct: true },
  { rows: 4, columns: 8, across: true, direct: true },
  { rows: 6, columns: 8, copies: 4, across: true, direct: true },
  { rows: 5, columns: 8, copies: 4, across: true, direct: true },
  { rows: 4, columns: 8, copies: 4, across: true, direct: true },
  { rows: 6, columns: 16, across: true, direct: true, steps: 4 },
  { rows: 5, columns: 16, across: true, direct: true },
  { rows: 4, columns: 16, across: true, direct: true },
  { rows: 8, columns: 8, copies: 4, across: true, steps: 2 },
  { rows: 8, columns: 8, copies: 4, across: true, direct: true, steps: 2 },
  { rows: 8, columns: 4, copies: 4 },
];

const LANES = 4;
const BYTES = 4;

/**
 * Strips of products with compressed rows, by their vectors of columns: see sparse.ts. An `update` subtracts
 * from each row of C that has entries their sum times the number at `rate`. It loads two vectors before it
 * stores them, as the re-vectoriser fuses no loads across a store: with turbo MNIST's update takes 80 µs in
 * place of 104 (Zen 4).
 */
const strips = [
  { vectors: 24 },
  { vectors: 12 },
  { vectors: 4 },
  { vectors: 3 },
  { vectors: 1 },
  { vectors: 12, update: true },
  { vectors: 24, update: true },
];

/** So many lines, numbered. */
const every = (count, line) => Array.from({ length: count }, (_, i) => line(i));

/** The sums of a row's entries, from e to `end`, beginning with a line for each vector. */
const entries = (vectors, begin) => [
  ...every(vectors, begin),
  'for (; e < end; e += 4) {',
  '  const p = b + (<usize>load<i32>(e) << 2);',
  '  const x = v128.load32_splat(e + toValue);',
  ...every(vectors, (i) => `  a${i} = madd(x, v128.load(p, ${16 * i}), a${i});`),
  '}',
];
const fromStart = (i) => `let a${i} = v128.load(start, ${16 * i});`;
const storeSum = (i) => `v128.store(c, a${i}, ${16 * i});`;

function strip({ vectors, update = false }) {
  const updateTwo = (i) => {
    const two = [2 * i, 2 * i + 1];
    return [
      ...two.map((j) => `const w${j} = v128.load(c, ${16 * j});`),
      ...two.map((j) => `v128.store(c, nmadd(factor, a${j}, w${j}), ${16 * j});`),
    ];
  };
  const row = update
    ? [
        ...entries(vectors, (i) => `let a${i} = f32x4.splat(0);`),
        'const factor = v128.load32_splat(rate);',
        ...every(vectors / 2, updateTwo).flat(),
      ]
    : [...entries(vectors, fromStart), ...every(vectors, storeSum)];
  const [name, begin] = update ? ['update', 'rate: usize'] : ['strip', 'start: usize, startRow: usize'];
  return `
export function sparse_${name}_${vectors}(
  c: usize, row: usize, ${begin}, starts: usize, nextStarts: usize, offsets: usize, values: usize, b: usize, M: i32,
): void {
  // One register fewer than two pointers and a counter would take.
  const toValue = values - offsets;
  for (; M > 0; M--) {
    let e = offsets + (<usize>load<i32>(starts) << 2);
    const end = offsets + (<usize>load<i32>(starts, 4) << 2);
${(update ? ['if (e < end) {', ...row.map((line) => `  ${line}`), '}'] : [...row, 'start += startRow;'])
  .map((line) => `    ${line}\n`)
  .join('')}    starts += nextStarts;
    c += row;
  }
}
`;
}

/**
 * One row of such a strip, for V8 up to Node 22, see above. The entries from e to `end`, their values `toValue`
 * further on.
 */
function sparseRow(vectors) {
  return `
export function sparse_row_${vectors}(c: usize, start: usize, b: usize, e: usize, end: usize, toValue: usize): void {
${[...entries(vectors, fromStart), ...every(vectors, storeSum)].map((line) => `  ${line}\n`).join('')}}
`;
}

/**
 * Rows of products whose columns are one vector to three. A's elements are read where they lie, `stepI` and `stepK`
 * bytes from row to row and from k to k; b[k][4·vectors], dense. Without packing A, 64x300:300x10 takes 9.8 µs in
 * place of 12.6, 256x300:300x1 17 in place of 25 (fma, Zen 4).
 */
const narrow = [
  { rows: 6, vectors: 1 },
  { rows: 4, vectors: 2 },
  { rows: 3, vectors: 3 },
  { rows: 1, vectors: 1 },
  { rows: 1, vectors: 2 },
  { rows: 1, vectors: 3 },
];

function narrowTile({ rows, vectors }) {
  const lines = [
    ...every(rows, (i) => [
      ...(i > 0 ? ['start += ldstart;'] : []),
      ...every(vectors, (j) => `let c${i}${j} = v128.load(start, ${16 * j});`),
    ]),
    ...every(rows, (i) => `let p${i} = ${i > 0 ? `p${i - 1} + stepI` : 'a'};`),
    'for (; K > 0; K--) {',
    ...every(vectors, (j) => `  const b${j} = v128.load(b, ${16 * j});`),
    ...every(rows, (i) => [
      `  const a${i} = v128.load32_splat(p${i});`,
      ...every(vectors, (j) => `  c${i}${j} = madd(a${i}, b${j}, c${i}${j});`),
      `  p${i} += stepK;`,
    ]),
    `  b += ${16 * vectors};`,
    '}',
    ...every(rows, (i) => [
      ...(i > 0 ? ['c += ldc;'] : []),
      ...every(vectors, (j) => `v128.store(c, c${i}${j}, ${16 * j});`),
    ]),
  ];
  return `
export function narrow_${rows}x${vectors}(
  c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, stepI: usize, stepK: usize, b: usize, K: i32,
): void {
${lines
  .flat(2)
  .map((line) => `  ${line}\n`)
  .join('')}}
`;
}

export function microKernels() {
  return `// Written by assembly/gemm/micro.mjs.
import { madd, nmadd } from '../../assembly/lanes';
${kernels.map(text).join('')}${narrow.map(narrowTile).join('')}${strips.map(strip).join('')}${sparseRow(12)}`;
}

function text({ rows, columns, copies = 1, steps = 1, direct = false, across = false }) {
  const kind = copies > 1 ? 'splat' : 'micro';
  const name = `${kind}_${rows}x${columns}${direct ? '_direct' : ''}${across ? '_across' : ''}`;
  const vectors = columns / LANES;
  const begin = every(rows, (i) => [
    ...every(vectors, (j) => `let c${i}${j} = v128.load(${i > 0 ? 's' : 'start'}, ${16 * j});`),
    ...(i + 1 < rows ? [`${i > 0 ? 's +=' : 'let s = start +'} ldstart;`] : []),
  ]);
  const stepA = rows * copies * BYTES;
  const stepB = columns * BYTES;
  const turn = every(steps, (u) => [
    ...(u > 0 ? [`if (k <= ${u}) break;`] : []),
    ...every(vectors, (j) => `const b${j}_${u} = v128.load(q, ${(direct ? 0 : u * stepB) + 16 * j});`),
    ...(direct ? ['q += ldb;'] : []),
    ...every(rows, (i) => {
      const at = u * stepA + i * copies * BYTES;
      return [
        `const a${i}_${u} = v128.${copies > 1 ? 'load' : 'load32_splat'}(p, ${at});`,
        ...every(vectors, (j) => `c${i}${j} = madd(a${i}_${u}, b${j}_${u}, c${i}${j});`),
      ];
    }),
  ]);
  const end = every(rows, (i) => [
    ...every(vectors, (j) => `v128.store(${i > 0 ? 't' : 'c'}, c${i}${j}, ${16 * j});`),
    ...(i + 1 < rows ? [`${i > 0 ? 't +=' : 'let t = c +'} ldc;`] : []),
  ]);
  const tile = [
    ...begin,
    'let p = a, q = b;',
    `for (let k = K; k > 0; k -= ${steps}) {`,
    ...[...turn, `p += ${steps * stepA};`, ...(direct ? [] : [`q += ${steps * stepB};`])]
      .flat(3)
      .map((line) => `  ${line}`),
    '}',
    ...end,
  ];
  const row = [
    'for (; count > 0; count--) {',
    ...[...tile, `c += ${columns * BYTES};`, 'start += nextStart;', 'b += nextB;']
      .flat(3)
      .map((line) => `  ${line}`),
    '}',
  ];
  return `
export function ${name}(
  c: usize, ldc: usize, start: usize, ldstart: usize, a: usize, b: usize, ${direct ? 'ldb: usize, ' : ''}K: i32${across ? ', count: i32, nextStart: usize, nextB: usize' : ''},
): void {
${(across ? row : tile)
  .flat(3)
  .map((line) => `  ${line}\n`)
  .join('')}}
`;
}
