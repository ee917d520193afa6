/**
 * ONNX's own tests of all operators that are read: each is right, or refused for a reason that stands here.
 * The table of the guide is made of them: `npx vitest -u` writes it anew. They are skipped where ONNX's data are
 * not there, but for continuous integration, which has them.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { FormatError } from '../../../../src/base/errors.js';
import { createEngine } from '../../../../src/create/engine.js';
import { decodeModel } from '../../../../src/formats/onnx/decode.js';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { traceModel } from '../../../../src/formats/onnx/trace/model.js';
import { operators } from '../../../../src/formats/onnx/trace/operators.js';
import { type Case, casesOf, type Form, hasCases } from './node-cases.js';
import { page } from './node-table.js';
import { problemOf } from './run-case.js';

const STRINGS = {
  reason: 'strings, sequences and optional values',
  pattern: /strings|type 8|shape is not known/,
};
const EMPTY = 'arrays without numbers';

/** What is refused, by names of tests; every other is right. */
const refusals: readonly { tests: RegExp; reason: string; pattern: RegExp }[] = [
  {
    tests: /^(average|max)pool_3d|^convtranspose_3d/,
    reason: 'three dimensions',
    pattern: /expected images/,
  },
  {
    tests: /^batchnorm_.*training_mode/,
    reason: 'statistics of the batch as outputs',
    pattern: /only its first output/,
  },
  {
    tests: /^training_dropout(_default)?(_mask)?$/,
    reason: 'random when predicting, too',
    pattern: /training mode/,
  },
  {
    tests: /^(dropout|training_dropout)_.*mask/,
    reason: 'a mask that is the same for all rows as output',
    pattern: /for each row/,
  },
  { tests: /^maxpool_with_argmax/, reason: 'indices as output', pattern: /only its first output/ },
  { tests: /^cast.*STRING|^identity_(opt|sequence)/, ...STRINGS },
  {
    tests: /^dynamicquantizelinear/,
    reason: 'scales that depend on the input',
    pattern: /across the rows/,
  },
  { tests: /^nllloss_NCd1d2d3d4d5/, reason: 'more than 6 axes', pattern: /at most 6 axes/ },
  {
    tests: /^resize_downsample_scales_(cubic|linear)_align_corners/,
    reason: 'align_corners where the scale gives no whole length, on which runtimes disagree',
    pattern: /no whole length/,
  },
  { tests: /^(constantofshape_int_shape_zero|slice_start_out)/, reason: EMPTY, pattern: /without numbers/ },
  { tests: /^reshape_allowzero_reordered/, reason: EMPTY, pattern: /as many elements/ },
  { tests: /^split_zero/, reason: EMPTY, pattern: /expected 3 parts/ },
  { tests: /^tri[lu]_zero/, reason: EMPTY, pattern: /open length|across the rows/ },
];

const engine = hasCases ? await createEngine({ backend: 'wasm', math: 'strict' }) : undefined;
const all = hasCases ? casesOf(new Set(operators.keys())) : [];

const fail = (problem: string): never => {
  throw new FormatError('test', problem);
};

/** By the public function, and as a graph even where it is a list of layers. */
const readers = {
  readOnnx: (file: Uint8Array) => readOnnx(file, 'test').model,
  traceModel: (file: Uint8Array) =>
    traceModel(decodeModel(file, fail), { shapes: new Map(), links: [], buffers: new Set() }, fail).model,
};

const refusalOf = ({ name }: Case) => refusals.find(({ tests }) => tests.test(name));

/** ONNX writes windows as functions with 3.1415 for pi. */
const isLoose = ({ name }: Case) => /window.*expanded/.test(name);

describe.skipIf(!hasCases && !process.env.CI)("ONNX's own tests", () => {
  const right = all.filter((own) => !refusalOf(own));

  test('there are some', () => {
    expect(all.length).toBeGreaterThan(600);
  });

  test.each(right.map((own) => [own.name, own] as const))('%s is right', (_, own) => {
    for (const form of ['all', 'first'] satisfies Form[]) {
      for (const [name, read] of Object.entries(readers)) {
        const problem = problemOf(engine!, read(own.files[form]), own, isLoose(own) ? 1e-3 : 1e-5);
        expect(problem, `${name}, inputs: ${form}`).toBeUndefined();
      }
    }
  });

  test.each(all.filter(refusalOf).map((own) => [own.name, own] as const))('%s is refused', (_, own) => {
    for (const form of ['all', 'first'] satisfies Form[]) {
      expect(() => readers.readOnnx(own.files[form])).toThrow(FormatError);
      expect(() => readers.traceModel(own.files[form])).toThrow(refusalOf(own)!.pattern);
    }
  });

  test('of those on numbers 95 of 100 are right', () => {
    const numbers = all.filter((own) => refusalOf(own)?.reason !== STRINGS.reason);
    expect(right.length / numbers.length).toBeGreaterThan(0.95);
  });

  test('the table of the guide is that of the tests', async () => {
    const outcomes = all.map((own) => ({ ...own, refused: refusalOf(own)?.reason }));
    await expect(page(outcomes, [...operators.keys()])).toMatchFileSnapshot(
      '../../../../docs/guide/onnx-operators.md',
    );
  });

  afterAll(() => engine?.dispose());
});

/** What issue 20 asks for. */
const asked = `Abs Add And ArgMax AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv
  ConvTranspose Cos CumSum DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor Gather
  GatherElements Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GroupNormalization HardSigmoid HardSwish Identity
  InstanceNormalization LayerNormalization LeakyRelu Less Log LogSoftmax MatMul Max MaxPool Mean Min Mish Mul Neg Not
  OneHot Or PRelu Pad Pow QuantizeLinear Range Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum Relu
  Reshape Resize Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh
  Tile Transpose Trilu Unsqueeze Where`;

test('all operators that are promised are read', () => {
  expect(asked.split(/\s+/).filter((own) => !operators.has(own))).toEqual([]);
});
