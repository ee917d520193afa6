/**
 * Arithmetic that exporters write for gelu, silu and layer norm becomes one operation; what only looks like it
 * stays as it is. Both compute what ONNX Runtime does.
 */
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { describeGraph } from '../../../src/nn/graph-file.js';
import { gradcheck } from '../../../src/train/gradcheck.js';
import { parseLayout } from './layouts/layout.js';
import { drawInputs, forPort, runFile, runImport, trainingSet } from './layouts/run.js';
import { worstDifference } from './runtime.js';

/** What stands around: h is of an input and a weight, y is the output; `[batch, 3, 4]`. */
const around = (nodes: string, output = 'output y float[N,3,4]') => `opset 13
input x float[N,3,5]
${output}
w = draw float[5,4]
square = draw float[4,4]
gamma = draw float[4]
beta = draw float[4]
across = draw float[3,1]
half = float[]{0.5}
one = float[]{1.0}
two = float[]{2.0}
three = float[]{3.0}
root = float[]{1.4142135}
inverse = float[]{0.70710677}
cube = float[]{0.044715}
factor = float[]{0.7978846}
quick = float[]{1.702}
nearly = float[]{1.41}
none = float[]{0.0}
eps = float[]{1e-05}
large = float[1,1,1]{0.25}
power = float[]{-0.5}
m = MatMul(x, w)
h = Sub(m, beta)
${nodes}`;

/** The operations of the graph, activations by their names, without those around. */
function operationsOf(file: Uint8Array): string[] {
  const { nodes } = describeGraph(readOnnx(file, 'fuse.onnx').model);
  const names = nodes.map(({ op, name }) => (op === 'activation' ? `${name}` : op));
  const leaves = ['input', 'parameter', 'literal'];
  return names.filter((name) => !leaves.includes(name)).slice(2);
}

async function check(text: string): Promise<string[]> {
  const layout = parseLayout(text);
  const inputs = drawInputs(layout, 2);
  const expected = [...(await runFile(layout.bytes, layout, inputs)).values()];
  const read = readOnnx(layout.bytes, 'fuse.onnx');
  for (const [i, own] of runImport(read, inputs).entries())
    expect(worstDifference(own, forPort(read.model.outputs[i], expected[i]))).toBeLessThan(1e-6);
  const set = trainingSet(layout, read.model, 3);
  const gradients = gradcheck(read.model, {
    set,
    loss: read.model.outputs.length > 1 ? lossesOf(read.model.outputs) : 'meanSquaredError',
  });
  expect(gradients.parameters.filter((own) => !own.passed)).toEqual([]);
  return operationsOf(layout.bytes);
}

const lossesOf = (ports: readonly { name: string }[]) =>
  Object.fromEntries(ports.map(({ name }) => [name, 'meanSquaredError' as const]));

const ERF = 'd = Div(h, root)\ne = Erf(d)';
const TANH = 'p = Pow(h, three)\nc = Mul(p, cube)\ns = Add(h, c)\nf = Mul(s, factor)\ne = Tanh(f)';

describe('activations', () => {
  test.each<[string, string, string]>([
    ['PyTorch', `${ERF}\na = Add(e, one)\nb = Mul(h, a)\ny = Mul(b, half)`, 'gelu'],
    ['half of x first', `${ERF}\na = Add(one, e)\nb = Mul(half, h)\ny = Mul(b, a)`, 'gelu'],
    ['half of the sum', `${ERF}\na = Add(e, one)\nb = Mul(a, half)\ny = Mul(b, h)`, 'gelu'],
    ['half of x last', `${ERF}\na = Add(e, one)\nb = Div(h, two)\ny = Mul(a, b)`, 'gelu'],
    [
      'a factor in front',
      'd = Mul(inverse, h)\ne = Erf(d)\na = Add(e, one)\nb = Mul(h, a)\ny = Mul(b, half)',
      'gelu',
    ],
    ['both halves', `${ERF}\na = Mul(e, half)\nb = Add(a, half)\ny = Mul(h, b)`, 'gelu'],
    ['a sum of products', `${ERF}\na = Mul(e, h)\nb = Add(h, a)\ny = Mul(b, half)`, 'gelu'],
    ['GPT', `${TANH}\na = Add(e, one)\nb = Mul(h, half)\ny = Mul(b, a)`, 'geluTanh'],
    [
      'products in place of a power',
      `q = Mul(h, h)\np = Mul(h, q)\nc = Mul(cube, p)\ns = Add(h, c)\nf = Mul(factor, s)\ne = Tanh(f)
a = Add(one, e)\nb = Mul(half, a)\ny = Mul(h, b)`,
      'geluTanh',
    ],
    [
      'x in front of the polynomial',
      `q = Pow(h, two)\nc = Mul(cube, q)\ns = Add(one, c)\ng = Mul(h, factor)\nf = Mul(g, s)\ne = Tanh(f)
a = Add(e, one)\nb = Mul(h, a)\ny = Mul(b, half)`,
      'geluTanh',
    ],
    ['silu', 'e = Sigmoid(h)\ny = Mul(e, h)', 'silu'],
    [
      'a product behind it stays',
      `${ERF}\na = Add(e, one)\nb = Mul(h, a)\nc = Mul(b, half)\ny = Mul(c, gamma)`,
      'gelu,mul',
    ],
  ])('%s', async (_, nodes, expected) => {
    expect((await check(around(nodes))).join()).toBe(expected);
  });

  const end = 'a = Add(e, one)\nb = Mul(h, a)\ny = Mul(b, half)';
  test.each<[string, string, string?]>([
    ['another divisor', `d = Div(h, nearly)\ne = Erf(d)\n${end}`],
    ['another half', `${ERF}\na = Add(e, one)\nb = Mul(h, a)\ny = Mul(b, inverse)`],
    ['another one', `${ERF}\na = Add(e, half)\nb = Mul(h, a)\ny = Mul(b, half)`],
    ['a difference', `${ERF}\na = Sub(one, e)\nb = Mul(h, a)\ny = Mul(b, half)`],
    ['a quotient', `${ERF}\na = Add(e, three)\nb = Div(h, a)\ny = Mul(b, half)`],
    ['a factor that is learned', `d = Mul(h, gamma)\ne = Erf(d)\n${end}`],
    ['another x outside', `${ERF}\na = Add(e, one)\nb = Mul(m, a)\ny = Mul(b, half)`],
    [
      'another x of the power',
      `p = Pow(m, three)\nc = Mul(p, cube)\ns = Add(h, c)\nf = Mul(s, factor)\ne = Tanh(f)\n${end}`,
    ],
    [
      'another power',
      `p = Pow(h, two)\nc = Mul(p, cube)\ns = Add(h, c)\nf = Mul(s, factor)\ne = Tanh(f)\n${end}`,
    ],
    ['another function of the argument', `${ERF.replace('Erf', 'Tanh')}\n${end}`],
    ['silu of another x', 'd = Mul(h, quick)\ne = Sigmoid(d)\ny = Mul(e, h)'],
    ['a sum of several rows', `${ERF}\na = Add(e, across)\nb = Mul(h, a)\ny = Mul(b, half)`],
    ['the function is read twice', `${ERF}\na = Add(e, one)\nb = Mul(h, a)\nc = Mul(b, half)\ny = Add(c, e)`],
    ['the function is an output', `${ERF}\n${end}`, 'output y float[N,3,4]\noutput e float[N,3,4]'],
    ['the argument is an output', `${ERF}\n${end}`, 'output y float[N,3,4]\noutput d float[N,3,4]'],
    [
      'the product before the end is an output',
      `${ERF}\n${end}`,
      'output y float[N,3,4]\noutput b float[N,3,4]',
    ],
  ])('%s: not fused', async (_, nodes, output) => {
    const made = await check(around(nodes, output));
    expect(made.filter((name) => ['gelu', 'geluTanh', 'silu'].includes(name))).toEqual([]);
  });

  test('x may be an output, and be read by others', async () => {
    const made = await check(
      around(
        `${ERF}\na = Add(e, one)\nb = Mul(h, a)\nc = Mul(b, half)\ny = Add(c, h)`,
        'output y float[N,3,4]\noutput h float[N,3,4]',
      ),
    );
    expect(made).toEqual(['gelu', 'add']);
  });
});

const CENTRE = 'mu = ReduceMean(h) axes=[-1]\nd = Sub(h, mu)';
const SQUARES = 'q = Pow(d, two)\nv = ReduceMean(q) axes=[2]';
const ROOT = 'i = Add(v, eps)\ns = Sqrt(i)';
const AFFINE = 'n = Div(d, s)\ng = Mul(n, gamma)\ny = Add(g, beta)';

describe('layer norm', () => {
  test.each<[string, string, string?]>([
    ['PyTorch', `${CENTRE}\n${SQUARES}\n${ROOT}\n${AFFINE}`],
    [
      'a product in place of the power',
      `${CENTRE}\nq = Mul(d, d)\nv = ReduceMean(q) axes=[-1]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'subtracted twice',
      `${CENTRE}\nd2 = Sub(h, mu)\nq = Pow(d2, two)\nv = ReduceMean(q) axes=[-1]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'eps, weight and bias in front',
      `${CENTRE}\n${SQUARES}\ni = Add(eps, v)\ns = Sqrt(i)\nn = Div(d, s)\ng = Mul(gamma, n)\ny = Add(beta, g)`,
    ],
    [
      'an eps of three axes',
      `${CENTRE}\n${SQUARES}\ni = Add(v, c)\ns = Sqrt(i)\n${AFFINE}\nc = Constant() value=float[1,1,1]{0.25}`,
    ],
    [
      'a reciprocal',
      `${CENTRE}\n${SQUARES}\n${ROOT}\nr = Reciprocal(s)\nn = Mul(d, r)\ng = Mul(n, gamma)\ny = Add(g, beta)`,
    ],
    [
      'one over the root',
      `${CENTRE}\n${SQUARES}\n${ROOT}\nr = Div(one, s)\nn = Mul(r, d)\ng = Mul(n, gamma)\ny = Add(g, beta)`,
    ],
    [
      'a negative power',
      `${CENTRE}\n${SQUARES}\ni = Add(v, eps)\nr = Pow(i, power)\nn = Mul(d, r)\ng = Mul(n, gamma)\ny = Add(g, beta)`,
    ],
    ['a power of one half', `${CENTRE}\n${SQUARES}\ni = Add(v, eps)\ns = Pow(i, half)\n${AFFINE}`],
    ['nothing learned', `${CENTRE}\n${SQUARES}\n${ROOT}\ny = Div(d, s)`],
    ['no bias', `${CENTRE}\n${SQUARES}\n${ROOT}\nn = Div(d, s)\ny = Mul(n, gamma)`, 'layerNorm,mul'],
    [
      'a weight of another axis',
      `${CENTRE}\n${SQUARES}\n${ROOT}\nn = Div(d, s)\ng = Mul(n, across)\ny = Add(g, beta)`,
      'layerNorm,mul,add',
    ],
    ['a reader that no output needs', `${CENTRE}\n${SQUARES}\n${ROOT}\n${AFFINE}\nz = Neg(n)`, undefined],
    [
      'two axes',
      `mu = ReduceMean(h) axes=[1,2]\nd = Sub(h, mu)\nq = Pow(d, two)\nv = ReduceMean(q) axes=[1,2]\n${ROOT}\ny = Div(d, s)`,
      'reshape,layerNorm,reshape',
    ],
    [
      'two axes, learned',
      `mu = ReduceMean(h) axes=[1,2]\nd = Sub(h, mu)\nq = Pow(d, two)\nv = ReduceMean(q) axes=[1,2]\n${ROOT}
n = Div(d, s)\ng = Mul(n, both)\ny = Add(g, both)`,
      'reshape,reshape,reshape,layerNorm,reshape',
    ],
  ])('%s', async (_, nodes, expected = 'layerNorm') => {
    const text = around(nodes).replace('half = ', 'both = draw float[3,4]\nhalf = ');
    expect((await check(text)).join()).toBe(expected);
  });

  const outputs = (name: string, shape: string) => `output y float[N,3,4]\noutput ${name} float[N,${shape}]`;
  test.each<[string, string, string?]>([
    [
      'another axis of both',
      `mu = ReduceMean(h) axes=[1]\nd = Sub(h, mu)\nq = Pow(d, two)\nv = ReduceMean(q) axes=[1]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'another axis of the mean',
      `mu = ReduceMean(h) axes=[1]\nd = Sub(h, mu)\n${SQUARES}\n${ROOT}\n${AFFINE}`,
    ],
    [
      'another axis of the variance',
      `${CENTRE}\nq = Pow(d, two)\nv = ReduceMean(q) axes=[1]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'more axes of the variance',
      `${CENTRE}\nq = Pow(d, two)\nv = ReduceMean(q) axes=[1,2]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'a sum of the squares',
      `${CENTRE}\nq = Pow(d, two)\nv = ReduceSumSquare(d) axes=[2]\n${ROOT}\n${AFFINE}`,
    ],
    ['a maximum', `${CENTRE}\nq = Pow(d, two)\nv = ReduceMax(q) axes=[2]\n${ROOT}\n${AFFINE}`],
    [
      'another power',
      `${CENTRE}\nb = Abs(d)\nq = Pow(b, three)\nv = ReduceMean(q) axes=[2]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'the mean of something else',
      `mu = ReduceMean(m) axes=[2]\nd = Sub(h, mu)\n${SQUARES}\n${ROOT}\n${AFFINE}`,
    ],
    [
      'the square of something else',
      `${CENTRE}\nq = Pow(h, two)\nv = ReduceMean(q) axes=[2]\n${ROOT}\n${AFFINE}`,
    ],
    [
      'what is not centred divided',
      `${CENTRE}\n${SQUARES}\n${ROOT}\nn = Div(h, s)\ng = Mul(n, gamma)\ny = Add(g, beta)`,
    ],
    [
      'an eps that is learned',
      `${CENTRE}\n${SQUARES}\nb = Abs(across)\ni = Add(v, b)\ns = Sqrt(i)\n${AFFINE}`,
    ],
    ['an eps of each row', `${CENTRE}\n${SQUARES}\ni = Add(v, q)\ns = Sqrt(i)\n${AFFINE}`],
    [
      'a difference in place of the eps',
      `${CENTRE}\n${SQUARES}\nk = Neg(eps)\ni = Sub(v, k)\ns = Sqrt(i)\n${AFFINE}`,
    ],
    ['no eps', `${CENTRE}\n${SQUARES}\ni = Add(v, none)\ns = Sqrt(i)\n${AFFINE}`],
    ['no root', `${CENTRE}\n${SQUARES}\ni = Add(v, eps)\ns = Mul(i, one)\n${AFFINE}`],
    ['the mean is an output', `${CENTRE}\n${SQUARES}\n${ROOT}\n${AFFINE}`, outputs('mu', '3,1')],
    ['the variance is an output', `${CENTRE}\n${SQUARES}\n${ROOT}\n${AFFINE}`, outputs('v', '3,1')],
    [
      'the difference is read by others',
      `${CENTRE}\n${SQUARES}\n${ROOT}\nn = Div(d, s)\ng = Mul(n, gamma)\ny = Add(g, d)`,
    ],
  ])('%s: not fused', async (_, nodes, output) => {
    expect(await check(around(nodes, output))).not.toContain('layerNorm');
  });

  test('where what is normalised is an output, weight and bias stay apart', async () => {
    const made = await check(around(`${CENTRE}\n${SQUARES}\n${ROOT}\n${AFFINE}`, outputs('n', '3,4')));
    expect(made).toEqual(['layerNorm', 'mul', 'add']);
  });
});

describe('products', () => {
  const made = async (nodes: string, output?: string) => {
    const names = await check(around(nodes, output).replace('h = Sub(m, beta)\n', ''));
    return names.join();
  };

  test('with a bias, from either side', async () => {
    // The first two of the list are left out.
    expect(await made('t = Tanh(m)\nk = MatMul(t, square)\ny = Add(k, beta)')).toBe('matmul');
    expect(await made('t = Tanh(m)\nk = MatMul(t, square)\ny = Add(beta, k)')).toBe('matmul');
  });

  test.each<[string, string, string?]>([
    ['a number for all', 'y = Add(k, half)'],
    ['a column', 'y = Add(k, across)'],
    ['another value', 'y = Add(k, t)'],
    ['a difference', 'y = Sub(k, beta)'],
    ['the product is read twice', 'a = Add(k, beta)\ny = Mul(a, k)'],
    ['the product is an output', 'y = Add(k, beta)', 'output y float[N,3,4]\noutput k float[N,3,4]'],
  ])('%s: not fused', async (_, end, output) => {
    expect(await made(`t = Tanh(m)\nk = MatMul(t, square)\n${end}`, output)).toMatch(/^matmul,(add|sub)/);
  });
});
