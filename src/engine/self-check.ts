/**
 * Whether two instances of one binary compute the same bits: the condition under which re-vectorised code is
 * used. A small problem goes through the products and everything that is cut along one axis, with shapes that
 * reach whole tiles and all edges.
 */
import { BINARY, UNARY } from './codes.js';
import { TILING_PACKING, TILING_SPLAT, TILING_WIDE } from './constants.js';
import { kernelNames } from './generated/kernels.js';
import { lines } from './generated/lines.js';
import { type Backend, type Kernels, RESERVED_BYTES } from './kernels.js';
import { callImages, IMAGES } from './self-check-images.js';

const [M, N, K] = [13, 112, 37];
const FLOATS = 8192;

/**
 * Of the kernels that are cut along one axis: floats of an array, arrays of a call, elements, rows, columns
 * and every other number.
 */
const ARRAY = 2048;
const ARRAYS = 8;
const [LENGTH, ROWS, COLUMNS, OTHER] = [501, 13, 37, 40];

/** What it takes to compute. */
export type Computer = Pick<Backend, 'kernels' | 'buffer' | 'reserve'>;

export function sameBits(a: Computer, b: Computer): boolean {
  const [x, y] = [results(a), results(b)];
  return x.every((word, i) => word === y[i] || (isNaN32(word) && isNaN32(y[i])));
}

/** Which of its bit patterns a NaN has is not laid down. */
function isNaN32(word: number): boolean {
  return (word & 0x7fffffff) > 0x7f800000;
}

/** The memory after one call of each kernel, as words. */
function results(backend: Computer): Uint32Array {
  const { kernels } = backend;
  const work = RESERVED_BYTES;
  const base = work + kernels.workspace_size();
  // Areas of FLOATS each: two matrices, one packed, lists, outputs of products (four areas).
  const [a, b, packed, starts, values, outputs, calls] = [0, 1, 2, 3, 4, 5, 9].map(
    (area) => base + 4 * FLOATS * area,
  );
  const apart = calls + 4 * ARRAY * ARRAYS * lines.length;
  const images = apart + 4 * FLOATS;
  const end = images + IMAGES;
  backend.reserve(end);
  kernels.random_normal(a, FLOATS, 1, 0, 0, 0, 0, 1);
  kernels.random_normal(b, FLOATS, 1, 0, 1, 0, 0, 1);
  callLines(kernels, new Float32Array(backend.buffer), a, calls);
  callStrided(kernels, { a, b, y: apart, work });
  callImages(kernels, backend.buffer, { a, b, y: images, work });
  let c = outputs;
  const next = () => {
    c += 4 * M * N;
    return c - 4 * M * N;
  };
  for (const tiling of [0, TILING_WIDE, TILING_SPLAT, TILING_WIDE | TILING_PACKING]) {
    kernels.gemm_nn(next(), N, 0, work, a, K, 0, b, N, 0, b, 1, M, N, K, 0, 1, tiling);
    kernels.pack_b(packed, b, N, N, K, tiling & TILING_WIDE);
    kernels.gemm_nn(next(), N, 0, work, a, K, 0, packed, 0, 0, b, 1, M, N, K, 0, 0, tiling);
    kernels.gemm_nt(next(), N, 0, work, a, N, 0, a, K, 0, b, K, 0, 1, M, N, K, 1, 1, tiling);
    kernels.gemm_tn(next(), N, 0, work, a, M, 0, b, N, 0, 1, M, N, K, 1, tiling);
  }
  kernels.relu_forward(a, a, FLOATS);
  const offsets = starts + 1024;
  kernels.compress_rows(starts, offsets, values, a, K, M, K, 16, K, N);
  kernels.sparse_gemm(next(), N, starts, offsets, values, b, a, M, N, Math.ceil(K / 16), 0, 1, 1);
  kernels.sparse_sgd(b, N, work, starts, offsets, values, b + 4 * 64 * N, M, N, 0, 0.5, 1);
  return new Uint32Array(backend.buffer, base, (end - base) / 4);
}

/**
 * Calls each kernel that is cut along one axis, by its letters (threads/lines.ts): with random floats, with
 * zeros where whole numbers are pointed to (labels and places, which must be valid), and each time with other
 * outputs. Not those over strides, which have codes to know.
 */
function callLines(kernels: Kernels, memory: Float32Array, random: number, from: number): void {
  let pointer = from;
  for (const [index, [letters]] of lines.entries()) {
    if (isStrided(letters)) continue;
    const rows = /r/i.test(letters);
    const matrix = rows || letters.includes('w');
    const place = (isFloat: boolean) => {
      const at = pointer;
      if (isFloat) memory.copyWithin(at / 4, random / 4 + (at % 1021), random / 4 + (at % 1021) + ARRAY);
      pointer += 4 * ARRAY;
      return at;
    };
    const args = Array.from(letters, (letter) => {
      if (/[erp]/i.test(letter)) return place(letter === letter.toLowerCase());
      if (letter === 'n') return !matrix ? LENGTH : rows ? ROWS : COLUMNS;
      if (letter === 'w') return rows ? COLUMNS : ROWS;
      return letter === 'f' ? 0.5 : letter === 'o' ? 0 : OTHER;
    });
    (kernels[kernelNames[index] as keyof Kernels] as (...args: number[]) => void)(...args);
    pointer = from + 4 * ARRAY * ARRAYS * (index + 1);
  }
}

function isStrided(letters: string): boolean {
  return letters.split('w').length > 2;
}

/**
 * Rows that lie apart and side by side, and functions that have loops of their own: 15,000 bytes of results
 * at y.
 */
function callStrided(kernels: Kernels, { a, b, y, work }: Record<'a' | 'b' | 'y' | 'work', number>): void {
  const [copy, sin, erf] = (['copy', 'sin', 'erf'] as const).map((name) => UNARY.indexOf(name));
  const mul = BINARY.indexOf('mul');
  kernels.strided_unary(y, 0, 0, 1, work, a, 0, 0, 1, 1, 1, 501, sin, 0);
  kernels.strided_unary(y + 2048, 0, 0, 1, work, a, 0, 0, 3, 1, 1, 501, erf, 0);
  kernels.strided_unary(y + 4096, 0, N, 1, work, a, 0, 1, M, 1, M, 37, copy, 0);
  kernels.strided_binary(y + 10240, 0, 7, 1, work, a, 0, 1, M, b, 0, 0, 1, 1, M, 7, mul);
  kernels.strided_reduce(y + 11264, 0, 1, a, 0, K, 0, 1, 1, M, 1, K, 0, 0);
  kernels.strided_reduce(y + 11520, 0, 1, a, 0, K, 0, 1, 1, M, 1, K, 1, 0);
  kernels.strided_select(y + 12288, 0, 0, 1, work, y, 0, 0, 1, a, 0, 0, 1, b, 0, 0, 1, 1, 1, 501);
}
