/** Data sets as functions of `lanegrad`: made, cut, and what is counted in them. */
import type { Dataset } from '../../../src/index.js';
import * as lanegrad from '../../../src/index.js';
import type { Random } from '../random.js';
import { expectThat } from '../target.js';
import { allFinite, apply, type Call } from './functions.js';
import { refused } from './harmless.js';
import { labelled } from './samples.js';

const {
  balancedClassWeights,
  channelMoments,
  dataset,
  imagesFromFiles,
  kFold,
  sliceDataset,
  splitDataset,
  takeRows,
} = lanegrad;

function checkDataset(result: unknown): void {
  const {
    size,
    width,
    inputs,
    labels,
    targets,
    targetWidth = 0,
    classes,
    classNames,
    weights,
  } = result as Dataset;
  expectThat(
    inputs.length === size * width && size >= 1 && width >= 1,
    () => `${inputs.length} inputs of ${size} rows of ${width}`,
  );
  allFinite(inputs, 'inputs');
  if (targets) {
    expectThat(targets.length === size * targetWidth, () => `${targets.length} targets`);
    allFinite(targets, 'targets');
  } else {
    expectThat(
      labels.length === size && labels.every((label) => label >= 0 && label < classes),
      () => 'a label outside the classes',
    );
    expectThat(
      classNames === undefined || classNames.length === classes,
      () => 'class names of another number',
    );
  }
  if (weights)
    expectThat(weights.length === size && weights.every((w) => w >= 0 && w < Infinity), () => 'weights');
}

function nestedRows(r: Random): number[][] {
  return [[...r.floats(2)], [...r.floats(2)], [...r.floats(2)]];
}

export const dataFunctions: Record<string, Call> = {
  balancedClassWeights: {
    valid: (r) => [labelled(r)],
    call: balancedClassWeights,
    check: (weights, _, intact) => {
      allFinite(weights);
      if (intact) expectThat(String(weights) === '1,1', () => `of as many of both: ${String(weights)}`);
    },
  },
  channelMoments: {
    valid: (r) => [labelled(r)],
    call: channelMoments,
    check: (moments) => allFinite(moments),
  },
  dataset: {
    weight: 6,
    valid: (r) => [
      {
        name: 'set',
        inputs: r.pick([
          () => r.floats(6),
          () => r.bytes(6),
          () => Float64Array.from(r.floats(6)),
          () => nestedRows(r),
          () => nestedRows(r).map((row) => Float32Array.from(row)),
        ])(),
        ...(r.chance(0.6)
          ? {
              labels: r.pick<unknown>([
                [0, 1, 0],
                Uint8Array.of(0, 1, 0),
                Int32Array.of(0, 1, 0),
                ['a', 'b', 'a'],
              ]),
              classNames: ['a', 'b'],
            }
          : {
              targets: r.pick<unknown>([[1, 2, 3], r.floats(3), Float64Array.of(1, 2, 3), [[1], [2], [3]]]),
              targetWidth: 1,
              targetNames: ['y'],
            }),
        weights: r.pick<unknown>([[1, 0, 2], Float32Array.of(1, 1, 1), undefined]),
        width: 2,
        imageShape: [1, 2],
      },
    ],
    call: dataset,
    check: checkDataset,
  },
  imagesFromFiles: {
    // Of Node, which has no decoders of a browser: whatever it is given, the error is one of ours.
    valid: () => [
      [{ name: 'a.png', arrayBuffer: async () => new ArrayBuffer(8) }],
      { size: [2, 2], skip: true },
    ],
    call: refused(imagesFromFiles),
  },
  kFold: {
    valid: (r) => [labelled(r), { folds: 2, seed: 1, stratified: true }],
    call: (...args) => [...apply(kFold, args)],
    check: (folds, _, intact) => {
      const parts = folds as { train: Dataset; validation: Dataset }[];
      for (const { train, validation } of parts) {
        if (!intact) continue;
        checkDataset(train);
        checkDataset(validation);
        expectThat(train.size + validation.size === 8, () => `${train.size} and ${validation.size} of 8`);
      }
    },
  },
  sliceDataset: {
    valid: (r) => [labelled(r), 2, 6, 'part'],
    call: sliceDataset,
    check: (set) => expectThat((set as Dataset).size >= 1, () => 'an empty set'),
  },
  splitDataset: {
    valid: (r) => [labelled(r), { validation: 0.25, test: 0.25, seed: 1, stratified: true }],
    call: splitDataset,
    check: (parts, _, intact) => {
      if (intact) for (const part of Object.values(parts as object)) checkDataset(part);
    },
  },
  takeRows: {
    valid: (r) => [labelled(r), [3, 0, 3], 'some'],
    call: takeRows,
    check: (set, _, intact) => intact && checkDataset(set),
  },
};
