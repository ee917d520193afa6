/**
 * What `explain` tells: the steps of the program that is run, what passes did to them, and the bytes of the
 * compiled model.
 */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import * as F from '../../src/graph/functions.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { explain } from '../../src/nn/explain.js';
import { freeze, type Network } from '../../src/nn/model.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { graphs, ownSquares, residual } from '../formats/graphs.js';
import { strict } from '../train/fit-setting.js';

const list = () => sequential(4, [dense(8, { activation: 'relu' }), dense(3)], { seed: 1 });

describe('explain', () => {
  test('prints the calls of a prediction and of a step', () => {
    expect(
      String(explain(list(), { optimizer: sgd({ learningRate: 0.1 }), rows: 16 })),
    ).toMatchInlineSnapshot(`
      "prediction, batches of 16 rows: 2048 bytes for what is computed
        #  layer  call               reads                gives    notes
        1  0      matmul a·b + bias  input, weight, bias  [16, 8]  with relu; of what is not 0, if sparse
        2  1      matmul a·b + bias  #1, weight, bias     [16, 3]

      training, batches of 16 rows: 3072 bytes for what is computed
        #  layer  call               reads                               gives                          notes
        1  0      matmul a·b + bias  input, weight, bias                 [16, 8]                        with relu; of what is not 0, if sparse
        2  1      matmul a·b + bias  #1, weight, bias                    [16, 3]
          the loss softmaxCrossEntropy
          the gradients
        3  1      matmul a·bᵀ        the gradient at output, weight, #1  [16, 8]                        times the derivative of relu
        4  1      matmul aᵀ·b        #1, the gradient at output          the gradient of weight [8, 3]
        5  1      columnSums         the gradient at output              the gradient of bias [3]
        6  0      matmul aᵀ·b        input, #3                           the gradient of weight [4, 8]  of what is not 0, if sparse; then the SGD step along with it
        7  0      columnSums         #3                                  the gradient of bias [8]
          the update by sgd

      parameters 268 bytes, gradients 268 bytes, state of the optimizer 0 bytes: 536 bytes"
    `);
  });

  test('says what passes did, and where gradient and update are one', () => {
    const { training, prediction } = explain(list(), { optimizer: sgd({ learningRate: 0.1 }) });
    expect(prediction.steps.map(({ operation, notes }) => [operation, notes[0]])).toEqual([
      ['matmul a·b + bias', 'with relu'],
      ['matmul a·b + bias', undefined],
    ]);
    const notes = training!.steps.flatMap((step) => step.notes);
    expect(notes).toContain('times the derivative of relu');
    expect(notes).toContain('then the SGD step along with it');
    const withAdam = explain(list(), { optimizer: adam() }).training!.steps.flatMap((step) => step.notes);
    expect(withAdam).not.toContain('then the SGD step along with it');
  });

  test('names the layer of each step, within others and in backward too', () => {
    const { training } = explain(residual(), { loss: ownSquares() });
    const layersOf = (part: string) =>
      new Set(training!.steps.filter((step) => step.part === part).map(({ layer }) => layer));
    expect(layersOf('forward')).toContain('block.dense');
    expect(layersOf('backward')).toContain('block.dense');
    expect(training!.steps.some(({ part }) => part === 'loss')).toBe(true);
  });

  test.each(['residual', 'attention', 'shapes', 'reductions'])(
    '%s: bytes are those that are allocated',
    (name) => {
      const model: Network = graphs[name]();
      const rows = 7;
      const loss = 'meanSquaredError';
      const optimizer = sgd({ learningRate: 0.1 });
      const { training, prediction } = explain(model, { rows, loss, optimizer });
      for (const [program, options] of [
        [training!, { optimizer }],
        [prediction, {}],
      ] as const) {
        const compiled = new CompiledModel(strict, model, { maxRows: rows, loss, ...options });
        expect(program.bytes.computed).toBe(compiled.workBytes);
        compiled.dispose();
        const apart = new CompiledModel(strict, model, {
          maxRows: rows,
          loss,
          ...options,
          without: ['sharedMemory'],
        });
        expect(program.bytes.withoutSharing).toBe(apart.workBytes);
        apart.dispose();
      }
    },
  );

  test('a model of which all is frozen is not trained', () => {
    const model = list();
    freeze(model, '*');
    const { training, bytes } = explain(model);
    expect(training).toBeUndefined();
    expect(bytes).toEqual({ parameters: 4 * model.parameterCount, gradients: 0, optimizer: 0 });
  });

  test('a batch norm that is frozen is said to be', () => {
    const notesOf = (pattern?: string) => {
      const model = sequential(4, [dense(3), batchNorm(), dense(2)]);
      if (pattern) freeze(model, pattern);
      const { training, prediction } = explain(model);
      expect(String(prediction.steps.flatMap(({ notes }) => notes))).not.toContain('frozen');
      return training!.steps.find(
        ({ operation, part }) => part === 'forward' && /^batchNorm/.test(operation),
      )!.notes;
    };
    const expected = 'frozen: by its running statistics, which stay';
    expect(notesOf('1.*')).toContain(expected);
    for (const pattern of [undefined, '1.weight', '0.*']) expect(notesOf(pattern)).not.toContain(expected);
  });

  test('refuses what is no model, no option, no loss for its outputs', () => {
    expect(() => explain({} as never)).toThrow(OptionError);
    expect(() => explain(list(), { row: 1 } as never)).toThrow(/unknown option "row"/);
    expect(() => explain(list(), { loss: { other: 'huber' } as never })).toThrow(/no output other/);
    expect(() => explain(list(), { loss: ({ output }) => F.square(output) })).toThrow(/one number a row/);
  });
});
