/** One product on a backend, and what a naive triple loop in float64 makes of it. */
import { formatShape, type ProductShape } from '../../bench/shapes.js';
import { activationCodes, type FusedActivation } from '../../src/engine/kernels.js';
import { type Arena, type Floats, filled, gathered, integers, reals, spread } from './harness.js';
import { expectClose, expectSame, expectWithinUlps } from './ulp.js';

export type Operation = 'nn' | 'nt' | 'tn';
export const operations: readonly Operation[] = ['nn', 'nt', 'tn'];

export interface Case extends ProductShape {
  operation: Operation;
  /** Added to each leading dimension. */
  gap?: number;
  /** Added to each stride; or 0, one operand for the whole batch. */
  strideA?: 'shared' | number;
  strideB?: 'shared' | number;
  accumulate?: boolean;
  bias?: boolean;
  activation?: FusedActivation;
  /** For nt: the activation's output is given. */
  derivative?: boolean;
  /** Which operand ends at the memory's last byte. */
  end?: 'a' | 'b' | 'c' | 'y' | 'bias' | undefined;
  /** Which tiles: all must give the same bits. */
  tiling?: number;
  values?: 'integers' | 'reals';
  /** Changes the operands' values before the call. */
  plant?: (a: Float64Array, b: Float64Array) => unknown;
}

interface Outcome {
  context: string;
  got: Float64Array;
  /** By a naive loop: A·B + start in float64, before activation and derivative, and |A|·|B| + |start|. */
  expected: () => { product: Float64Array; magnitude: () => Float64Array };
  /** The activation's output that was given to nt; empty without a derivative. */
  y: Float64Array;
}

/** Pointer, leading dimension and stride, as a kernel takes them. */
type Operand = readonly [number, number, number];
const absent: Operand = [0, 0, 0];

/** Runs one product. Operands are kept as [B, M, K] and [B, K, N], and stored as they must be. */
export function run(arena: Arena, given: Case): Outcome {
  const { B, M, N, K, operation, gap = 0, accumulate = false, activation = 'identity' } = given;
  const make = given.values === 'reals' ? reals : integers;
  const seed = M * 7919 + N * 104729 + K * 1299709 + B;
  const batchA = given.strideA === 'shared' ? 1 : B;
  const batchB = given.strideB === 'shared' ? 1 : B;
  const a = make(batchA * M * K, seed);
  const b = make(batchB * K * N, seed + 1);
  given.plant?.(a, b);
  const c0 = make(B * M * N, seed + 2);
  const bias = given.bias ? make(N, seed + 3) : undefined;
  const y = given.derivative ? reals(B * M * N, seed + 4) : new Float64Array();
  if (activation === 'sigmoid') for (const [i, v] of y.entries()) y[i] = Math.fround((v + 1) / 2);

  arena.begin();
  const place = (
    name: 'a' | 'b' | 'c' | 'y',
    values: Float64Array,
    batch: number,
    rows: number,
    columns: number,
    transposed: boolean,
    extra: 'shared' | number = gap,
    output = false,
  ) => {
    const stored = transposed ? transpose(values, batch, rows, columns) : values;
    const [R, C] = transposed ? [columns, rows] : [rows, columns];
    const ld = C + gap;
    const stride = extra === 'shared' ? 0 : R * ld + extra;
    const flat = spreadBatch(stored, batch, R, C, ld, stride);
    const placed = output
      ? arena.output(name, flat, given.end === name)
      : arena.input(name, flat, given.end === name);
    return { ...placed, ld, stride, at: [placed.pointer, ld, stride] as Operand };
  };
  const A = place('a', a, batchA, M, K, operation === 'tn', given.strideA);
  const W = place('b', b, batchB, K, N, operation === 'nt', given.strideB);
  const Y = given.derivative ? place('y', y, B, M, N, false) : { at: absent };
  const V = bias ? arena.input('bias', bias, given.end === 'bias').pointer : 0;
  // What must not be read is NaN.
  const C = place('c', accumulate ? c0 : filled(B * M * N, Number.NaN), B, M, N, false, gap, true);

  const { kernels, work } = arena;
  const code = activationCodes[activation];
  const flag = accumulate ? 1 : 0;
  const { tiling = 0 } = given;
  const { at } = C;
  if (operation === 'nn') {
    kernels.gemm_nn(...at, work, ...A.at, ...W.at, V, B, M, N, K, flag, code, tiling);
  } else if (operation === 'nt') {
    kernels.gemm_nt(...at, work, ...Y.at, ...A.at, ...W.at, B, M, N, K, flag, code, tiling);
  } else {
    kernels.gemm_tn(...at, work, ...A.at, ...W.at, B, M, N, K, flag, tiling);
  }
  const options = [
    gap && `gap ${gap}`,
    accumulate && 'accumulate',
    bias && 'bias',
    activation,
    given.derivative && 'derivative',
    given.end && `${given.end} at the end`,
    tiling && `tiling ${tiling}`,
  ];
  const context = `gemm_${operation} ${formatShape(given)} ${options.filter(Boolean).join(', ')}`;
  arena.check(context);
  const got = gatherBatch(C.read(), B, M, N, C.ld, C.stride);

  const start = (i: number) => (accumulate ? c0[i] : bias ? bias[i % N] : 0);
  const expected = () => ({
    product: multiplied(given, a, b).map((v, i) => v + start(i)),
    magnitude: () => multiply(given, a.map(Math.abs), b.map(Math.abs)).map((v, i) => v + Math.abs(start(i))),
  });
  return { context, got, expected, y };
}

/** The last product: tests take the same operands with several options. */
let last: { readonly key: string; readonly product: Float64Array } | undefined;

function multiplied(given: Case, a: Float64Array, b: Float64Array): Float64Array {
  if (given.plant) return multiply(given, a, b);
  const { B, M, N, K, strideA, strideB, values } = given;
  const key = [B, M, N, K, strideA === 'shared', strideB === 'shared', values].join(' ');
  if (last?.key !== key) last = { key, product: multiply(given, a, b) };
  return last.product;
}

function multiply({ B, M, N, K, strideA, strideB }: Case, a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(B * M * N);
  for (let i = 0; i < B; i++) {
    const ai = strideA === 'shared' ? 0 : i * M * K;
    const bi = strideB === 'shared' ? 0 : i * K * N;
    for (let m = 0; m < M; m++) {
      const at = (i * M + m) * N;
      for (let k = 0; k < K; k++) {
        const factor = a[ai + m * K + k];
        for (let n = 0; n < N; n++) out[at + n] += factor * b[bi + k * N + n];
      }
    }
  }
  return out;
}

function transpose(values: Float64Array, batch: number, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < batch; i++) {
    const at = i * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[at + c * rows + r] = values[at + r * columns + c];
    }
  }
  return out;
}

/** Each matrix spread to `ld`, the next one `stride` later; NaN between. */
function spreadBatch(
  values: Float64Array,
  batch: number,
  rows: number,
  columns: number,
  ld: number,
  stride: number,
): Float64Array {
  const one = rows > 0 ? (rows - 1) * ld + columns : 0;
  const out = filled(batch > 0 ? (batch - 1) * stride + one : 0, Number.NaN);
  for (let i = 0; i < batch; i++) {
    const matrix = values.subarray(i * rows * columns, (i + 1) * rows * columns);
    out.set(spread(matrix, rows, columns, ld), i * stride);
  }
  return out;
}

function gatherBatch(
  values: Floats,
  batch: number,
  rows: number,
  columns: number,
  ld: number,
  stride: number,
): Float64Array {
  const out = new Float64Array(batch * rows * columns);
  for (let i = 0; i < batch; i++) {
    const matrix = values.subarray(i * stride, i * stride + Math.max(0, (rows - 1) * ld + columns));
    out.set(gathered(matrix, rows, columns, ld), i * rows * columns);
  }
  return out;
}

/** f(product) where the operation has an activation, product ⊙ f'(y) where it has a derivative. */
export function expectResult(given: Case, { context, got, expected, y }: Outcome): void {
  const { product } = expected();
  const { activation = 'identity', operation } = given;
  if (operation === 'nn' && activation === 'sigmoid') {
    expectWithinUlps(
      context,
      got,
      product.map((v) => 1 / (1 + Math.exp(-v))),
      3,
      product,
    );
  } else if (operation === 'nn' && activation === 'tanh') {
    expectWithinUlps(context, got, product.map(Math.tanh), 3, product);
  } else if (operation === 'nn' && activation === 'relu') {
    expectSame(
      context,
      got,
      product.map((v) => Math.max(v, 0)),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'sigmoid') {
    expectClose(
      context,
      got,
      product.map((v, i) => v * y[i] * (1 - y[i])),
      (i) => 2 ** -22 * Math.abs(product[i] * y[i]),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'tanh') {
    expectClose(
      context,
      got,
      product.map((v, i) => v * (1 - y[i] ** 2)),
      (i) => 2 ** -22 * Math.abs(product[i]),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'relu') {
    expectSame(
      context,
      got,
      product.map((v, i) => (y[i] > 0 ? v : 0)),
    );
  } else {
    expectSame(context, got, product);
  }
}
