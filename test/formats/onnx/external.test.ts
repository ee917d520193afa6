/**
 * Weights of an ONNX file that are in files beside it: read where they lie inside its folder, and are as long
 * as they say.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileError, FormatError, OptionError } from '../../../src/base/errors.js';
import { onnxDataFiles, readOnnx } from '../../../src/formats/onnx/read.js';
import { loadOnnx } from '../../../src/tables/onnx-load.js';
import { floats, node, onnxFile } from './schema.js';

const W = [1, -2, 0.5, 3, -1, 0.25, 2, -0.5];
const B = [0.5, -1];
/** Eight weights behind 16 bytes of something else, and the bias behind them. */
const data = new Uint8Array(Float32Array.of(9, 9, 9, 9, ...W, ...B).buffer);

/** A tensor whose elements are elsewhere, as the exporters of PyTorch and ONNX write it. */
function elsewhere(name: string, dims: number[], where: Record<string, string>, dataType = 1): object {
  const externalData = Object.entries(where).map(([key, value]) => ({ key, value }));
  return { name, dims, dataType, dataLocation: 1, externalData };
}

const weights = (where: Record<string, string>, ...rest: object[]) =>
  onnxFile({
    node: [node('Gemm', ['x', 'w', 'b'], 'y')],
    initializer: [elsewhere('w', [4, 2], where), ...(rest.length > 0 ? rest : [floats('b', [2], B)])],
  });

const good = (location: string) =>
  weights({ location, offset: '16', length: '32' }, elsewhere('b', [2], { location, offset: '48' }));

const valuesOf = ({ model }: ReturnType<typeof readOnnx>) =>
  model.parameters.map(({ values }) => Array.from(values));

describe('bytes', () => {
  test('offset and length say where the elements are', () => {
    const file = good('model.onnx.data');
    expect(onnxDataFiles(file, 'model.onnx')).toEqual(['model.onnx.data']);
    const externalData = new Map([['model.onnx.data', data]]);
    expect(valuesOf(readOnnx(file, 'model.onnx', { externalData }))).toEqual([W, B]);
  });

  test('bytes at an odd place, of another kind of buffer', () => {
    const around = new Uint8Array([1, ...data]);
    const externalData = new Map([['a', Buffer.from(around.buffer, 1)]]);
    expect(valuesOf(readOnnx(good('a'), 'model.onnx', { externalData }))).toEqual([W, B]);
  });

  test('a file that is not given', () => {
    for (const options of [undefined, {}, { externalData: new Map([['other', data]]) }]) {
      expect(() => readOnnx(good('a.data'), 'model.onnx', options)).toThrow(FormatError);
      expect(() => readOnnx(good('a.data'), 'model.onnx', options)).toThrow(
        /^model\.onnx: node "Gemm:y" .* in another file, "a\.data", which was not given as externalData$/,
      );
    }
  });

  test.each<[what: string, where: Record<string, string>, message: RegExp]>([
    ['no place', {}, /tensor "w": its data are in another file, but it does not say in which/],
    [
      'beyond the end',
      { location: 'a', offset: '32', length: '40' },
      /end beyond "a": 40 bytes from 32 on, of 56/,
    ],
    ['beyond the end, its length left out', { location: 'a', offset: '32' }, /32 bytes from 32 on, of 56/],
    ['a huge offset', { location: 'a', offset: '999999999999999' }, /end beyond "a"/],
    [
      'an offset of many digits',
      { location: 'a', offset: '9'.repeat(400) },
      /offset of its data: expected a whole/,
    ],
    [
      'a negative offset',
      { location: 'a', offset: '-4' },
      /offset of its data: expected a whole number, given "-4"/,
    ],
    ['a broken length', { location: 'a', length: '1e9' }, /length of its data: expected a whole number/],
    ['too short a length', { location: 'a', length: '28' }, /\[4, 2\] needs 8 values, given 7/],
    ['too long a length', { location: 'a', length: '36' }, /\[4, 2\] needs 8 values, given 9/],
    [
      'no folder of its own',
      { location: '../a' },
      /expected a path of a file in the model's folder, or below/,
    ],
    ['a way out', { location: 'b/../../a' }, /in the model's folder/],
    ['the root', { location: '/etc/passwd' }, /in the model's folder/],
    ['a backslash', { location: '..\\a' }, /in the model's folder/],
    ['a drive', { location: 'C:a' }, /in the model's folder/],
    ['nothing', { location: '' }, /in the model's folder/],
    ['a zero', { location: 'a\0b' }, /in the model's folder/],
  ])('%s', (_, where, message) => {
    const file = weights(where);
    const read = () => readOnnx(file, 'm', { externalData: new Map([['a', data]]) });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test('the same said twice', () => {
    const [location, other] = ['a', 'b'].map((value) => ({ key: 'location', value }));
    const tensor = { ...elsewhere('w', [4, 2], {}), externalData: [location, other] };
    const file = onnxFile({ node: [node('Gemm', ['x', 'w'], 'y')], initializer: [tensor] });
    expect(() => readOnnx(file, 'm')).toThrow(/tensor "w": where its data are is said twice/);
  });

  test('a tensor of a type that is not known', () => {
    const file = onnxFile({
      node: [node('Gemm', ['x', 'w'], 'y')],
      initializer: [elsewhere('w', [4, 2], { location: 'a' }, 99)],
    });
    const read = () => readOnnx(file, 'm', { externalData: new Map([['a', data]]) });
    expect(read).toThrow(/tensor "w": tensors of type 99 are not supported/);
  });

  test('options', () => {
    for (const externalData of [{ a: data }, new Map([['a', 'path']]), new Map([[1, data]])]) {
      expect(() => readOnnx(good('a'), 'm', { externalData } as never)).toThrow(OptionError);
    }
    expect(() => readOnnx(good('a'), 'm', { externaldata: new Map() } as never)).toThrow(
      /unknown option "externaldata".*did you mean "externalData"/,
    );
  });
});

describe('files', () => {
  let root: string;
  const at = (...parts: string[]) => join(root, ...parts);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lanegrad-external-'));
    await mkdir(at('model', 'weights'), { recursive: true });
    await writeFile(at('secret'), data);
    await writeFile(at('model', 'm.onnx.data'), data);
    await writeFile(at('model', 'weights', 'm'), data);
    await symlink(at('secret'), at('model', 'link'));
    await symlink('m.onnx.data', at('model', 'inner'));
  });
  afterAll(() => rm(root, { recursive: true }));

  const load = async (location: string) => {
    await writeFile(at('model', 'm.onnx'), good(location));
    return loadOnnx(at('model', 'm.onnx'));
  };

  test.each(['m.onnx.data', './m.onnx.data', 'weights/m', 'inner'])('%s', async (location) => {
    expect(valuesOf(await load(location))).toEqual([W, B]);
  });

  test.each<[location: string, error: typeof FileError | typeof FormatError, message: RegExp]>([
    ['link', FileError, /link: .* names it, but it does not lie within /],
    ['weights', FileError, /no ordinary file/],
    ['.', FileError, /does not lie within/],
    ['missing', FileError, /missing: which .* names, cannot be read: no such file or folder/],
    ['../secret', FormatError, /in the model's folder/],
  ])('%s is refused', async (location, error, message) => {
    await expect(load(location)).rejects.toThrow(error);
    await expect(load(location)).rejects.toThrow(message);
  });

  test('what is no path, and options that are none, are refused in its own name', async () => {
    for (const path of [undefined, 3, '', new URL('file:///m.onnx')])
      await expect(loadOnnx(path as string)).rejects.toThrow(
        /^loadOnnx: path: expected .* as a string, given /,
      );
    const option = { externalData: new Map() } as object;
    await expect(loadOnnx(at('model', 'm.onnx'), option)).rejects.toThrow(/^loadOnnx: .*externalData/);
  });

  test('lengths that the file leaves open are handed on', async () => {
    await load('inner');
    const { model } = await loadOnnx(at('model', 'm.onnx'), { shapes: { x: [4] } });
    expect(model.inputs).toEqual([{ name: 'x', shape: [4] }]);
    const wrong = loadOnnx(at('model', 'm.onnx'), { shapes: { none: [4] } });
    await expect(wrong).rejects.toThrow('shapes: the graph has no input "none"; its inputs are x');
  });
});
