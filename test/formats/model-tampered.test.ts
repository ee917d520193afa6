import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { dense } from '../../src/nn/dense.js';
import type { GraphDescription } from '../../src/nn/graph-file.js';
import { freeze, type Network, remember } from '../../src/nn/model.js';
import { sequential } from '../../src/nn/sequential.js';
import { closeFile, openFile, ownSquares, residual } from './graphs.js';

const _again = (model: Network): Network => readModel(writeModel(model), 'file').model;

describe('a file that was tampered with', () => {
  type Nodes = { op: string; of?: string[]; [key: string]: unknown }[];
  type Graph = GraphDescription & {
    nodes: Nodes;
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
  };
  const node = (op: string, change: object) => (graph: Graph) =>
    void Object.assign(graph.nodes.find((own) => own.op === op)!, change);
  const cases: [
    what: string,
    spoil: (graph: Graph, file: ReturnType<typeof openFile>) => void,
    message: RegExp,
  ][] = [
    [
      'a forward reference',
      node('dropout', { of: ['30'] }),
      /node \d+: expected the place of a node before it, given "30"/,
    ],
    [
      'a node of itself',
      (graph) => {
        graph.nodes[4].of = ['4'];
      },
      /before it, given "4"/,
    ],
    ['a place that is none', node('dropout', { of: ['-1'] }), /before it, given "-1"/],
    ['a second output that there is not', node('add', { of: ['0.1', '0'] }), /given "0\.1"/],
    ['an unknown operation', node('add', { op: 'toString' }), /unknown operation "toString"/],
    ['an operation of derivatives', node('add', { op: 'spread' }), /unknown operation "spread"/],
    ['too few inputs', node('add', { of: ['0'] }), /add: expected another number of inputs, given 1/],
    ['none', node('matmul', { of: [] }), /another number of inputs/],
    ['an unknown attribute', node('dropout', { chance: 1 }), /unknown option "chance"/],
    [
      'an attribute out of range',
      node('dropout', { rate: 1 }),
      /rate: expected a finite number, at least 0 and less than 1/,
    ],
    ['an attribute of another type', node('matmul', { flat: 'yes' }), /flat: expected true or false/],
    ['a form that only derivatives have', node('matmul', { form: 'tn' }), /form: expected one of "nn", "nt"/],
    ['an activation that is none', node('activation', { name: '__proto__' }), /name: expected an activation/],
    ['a negative eps', node('batchNorm', { eps: -1 }), /eps: expected a finite number, greater than 0/],
    ['an input of another shape', node('input', { shape: [7] }), /expected as many columns/],
    ['an input of no shape', node('input', { shape: [] }), /shape: expected a list of lengths/],
    ['a shape of nothing', node('input', { shape: [0] }), /shape: expected a list of lengths/],
    ['more axes than there may be', node('input', { shape: [8, 1, 1, 1, 1, 1, 1] }), /at most 6 axes/],
    [
      'a parameter as large as all memory',
      node('parameter', { shape: [2 ** 20, 2 ** 20] }),
      /at most 1073741824 numbers/,
    ],
    ['a parameter of another shape than its tensor', node('parameter', { shape: [8, 7] }), /expected|given/],
    ['a parameter that has no tensor', node('parameter', { name: 'other' }), /tensor "other" is missing/],
    [
      'two parameters of one name',
      (graph) => {
        for (const own of graph.nodes) if (own.op === 'parameter') own.name = 'w';
      },
      /two parameters are named "w"/,
    ],
    ['a name that is none', node('parameter', { name: 'a b' }), /name: expected a name/],
    ['a layer without a name', node('add', { in: 'block..dense' }), /names of at most 100 layers/],
    [
      '1000 layers within each other',
      node('add', { in: Array(1000).fill('a').join('.') }),
      /names of at most 100 layers/,
    ],
    [
      'an input that is not named',
      (graph) => {
        graph.inputs = { input: '1' };
      },
      /expected an input, given parameter/,
    ],
    [
      'an output that there is not',
      (graph) => {
        graph.outputs = { output: '99' };
      },
      /output "output": expected the place of a node before it/,
    ],
    [
      'no outputs',
      (graph) => {
        graph.outputs = {};
      },
      /outputs: expected at least one/,
    ],
    [
      'an output that is a parameter',
      (graph) => {
        graph.outputs = { output: '1' };
      },
      /lead to an output/,
    ],
    [
      'a node that leads nowhere',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [1], values: [1] } as never);
      },
      /nodes that lead to an output/,
    ],
    [
      'a literal that is larger than its numbers',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [2 ** 40], values: [1] } as never);
      },
      /at most 1073741824 numbers/,
    ],
    [
      'a literal of other numbers',
      (graph) => {
        graph.nodes.push({ op: 'literal', shape: [2], values: [1, null] } as never);
      },
      /values: expected a list of finite numbers/,
    ],
    [
      'no nodes',
      (graph) => {
        graph.nodes = [];
      },
      /nodes: expected a list of nodes/,
    ],
    [
      'a node that is none',
      (graph) => {
        graph.nodes[0] = 7 as never;
      },
      /expected an options object, given 7/,
    ],
    [
      'a graph that is none',
      (_, file) => {
        file.description.graph = [];
      },
      /graph: expected a graph/,
    ],
    [
      'a tensor that is not of the model',
      (_, file) => {
        file.tensors.set('more', { dtype: 'F32', shape: [1], data: Float32Array.of(1) });
      },
      /no parameter "more"/,
    ],
    [
      'a graph and layers',
      (_, file) => {
        file.description.layers = [];
      },
      /unknown option "layers"/,
    ],
    [
      'kinds of layers that are no words',
      (graph) => {
        Object.assign(graph, { layers: { block: 1 } });
      },
      /layers: "block": expected what it is/,
    ],
  ];

  it.each(cases)('%s', (_, spoil, message) => {
    const file = openFile(writeModel(residual()));
    spoil(file.description.graph, file);
    const spoilt = closeFile(file);
    expect(() => readModel(spoilt, 'spoilt')).toThrow(FormatError);
    expect(() => readModel(spoilt, 'spoilt')).toThrow(message);
  });

  it('a loss that reads what there is not, of shapes that do not fit, or that is several where it is one', () => {
    const model = residual();
    remember(model, { loss: ownSquares() });
    const spoil = (change: (loss: { nodes: Nodes; [key: string]: unknown }) => void) => {
      const file = openFile(writeModel(model));
      change(file.description.loss);
      return () => readModel(closeFile(file), 'spoilt');
    };
    expect(spoil((loss) => void Object.assign(loss.nodes.at(-1)!, { of: ['99', '0'] }))).toThrow(
      /given "99"/,
    );
    expect(spoil((loss) => void Object.assign(loss, { result: 'model 999' }))).toThrow(/given "model 999"/);
    expect(spoil((loss) => void Object.assign(loss, { targetWidth: 4 }))).toThrow(FormatError);
    expect(spoil((loss) => void Object.assign(loss, { link: 'softmin' }))).toThrow(/link: expected one of/);
    expect(spoil((loss) => void Object.assign(loss, { kind: 'several', parts: {} }))).toThrow(FormatError);
    expect(spoil((loss) => void loss.nodes.push({ op: 'input', shape: [1] }))).toThrow(
      /unknown operation "input"/,
    );
  });

  it('a frozen parameter that there is not', () => {
    const list = sequential(3, [dense(2)]);
    freeze(list, '*');
    const file = openFile(writeModel(list));
    file.description.frozen = ['1.weight'];
    expect(() => readModel(closeFile(file), 'spoilt')).toThrow(/no parameter "1\.weight"/);
  });
});

it('the same model gives the same bytes, another model others', () => {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(digest(writeModel(residual(1)))).toBe(digest(writeModel(residual(1))));
  expect(digest(writeModel(residual(1)))).not.toBe(digest(writeModel(residual(2))));
});
