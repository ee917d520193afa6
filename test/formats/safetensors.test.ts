/**
 * safetensors: what is written is read back, the bytes are the format's, and malformed files are refused by
 * name.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, OptionError, ShapeError } from '../../src/base/errors.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';

const encoder = new TextEncoder();

/** A file of any header, true or not, that is followed by `dataBytes` bytes counting up from 0. */
function fileOf(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? encoder.encode(header) : header;
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  for (let i = 0; i < dataBytes; i++) file[8 + text.length + i] = i;
  return file;
}

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

function headerOf(file: Uint8Array): string {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(file.subarray(8, 8 + length));
}

describe('malformed files', () => {
  const w = entry('F32', '[1]', '[0,4]');
  const cases: [what: string, file: Uint8Array, message: RegExp][] = [
    ['empty', new Uint8Array(0), /header length of 8 bytes, given a file of 0/],
    ['shorter than the header length', new Uint8Array(7), /header length of 8 bytes, given a file of 7/],
    [
      'header too large',
      fileOf('{}', 0, 100_000_001n),
      /too large: expected at most 100000000.*given 100000001/,
    ],
    ['header length of all ones', fileOf('{}', 0, 2n ** 64n - 1n), /too large.*given 18446744073709551615/],
    ['header longer than the file', fileOf('{}', 0, 3n), /longer than the file: 3 bytes, of which 2/],
    ['no header', fileOf(''), /begin with \{/],
    ['header begins with a space', fileOf(' {}'), /begin with \{/],
    ['header begins with a mark of byte order', fileOf('\ufeff{}'), /begin with \{/],
    ['header is an array', fileOf('[]'), /begin with \{/],
    ['not UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /not UTF-8/],
    ['overlong UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d])), /not UTF-8/],
    ['a surrogate as an escape', fileOf(`{"\\ud800":${w}}`, 4), /half of a surrogate pair/],
    ['not JSON', fileOf('{"w":nope}'), /not JSON/],
    ['cut off', fileOf('{"w":{'), /not JSON/],
    ['cut off within a string', fileOf('{"w'), /not JSON: .* is not a string/],
    ['cut off after a backslash', fileOf('{"w\\'), /not JSON/],
    ['two values', fileOf('{}{}'), /not JSON/],
    ['nested deeply', fileOf(`{"w":${'['.repeat(1e6)}`), /header at "w": nested too deeply/],
    ['tensor twice', fileOf(`{"w":${w},"w":${w}}`, 4), /at its top level: key "w" is given twice/],
    ['tensor twice, escaped', fileOf(`{"w":${w},"\\u0077" :${w}}`, 4), /key "w" is given twice/],
    ['dtype twice', fileOf('{"w":{"dtype":"F32","dtype":"F32"}}'), /at "w": key "dtype" is given twice/],
    ['offsets twice', fileOf(`{"v":${w},"w":${w.slice(0, -1)},"data_offsets":[0,4]}}`, 4), /at "w": .*twice/],
    ['metadata twice', fileOf('{"__metadata__":{},"__metadata__":{}}'), /key "__metadata__" is given twice/],
    ['metadata key twice', fileOf('{"__metadata__":{"a":"","a":""}}'), /at "__metadata__": key "a" .*twice/],
    ['metadata no object', fileOf('{"__metadata__":["a"]}'), /__metadata__: expected an object/],
    ['metadata null', fileOf('{"__metadata__":null}'), /__metadata__: expected an object.*null/],
    [
      'metadata of numbers',
      fileOf('{"__metadata__":{"a":1}}'),
      /__metadata__: "a": expected a string, given 1/,
    ],
    ['metadata nested', fileOf('{"__metadata__":{"a":{}}}'), /__metadata__: "a": expected a string/],
    ['entry no object', fileOf('{"w":[]}'), /tensor "w": expected an object, given \[\]/],
    ['unknown dtype', fileOf(`{"w":${entry('F31', '[1]', '[0,4]')}}`, 4), /tensor "w": dtype.*given "F31"/],
    [
      'dtype of a prototype',
      fileOf(`{"w":${entry('toString', '[1]', '[0,4]')}}`, 4),
      /dtype.*given "toString"/,
    ],
    ['no dtype', fileOf('{"w":{"shape":[],"data_offsets":[0,4]}}', 4), /dtype: .*given undefined/],
    ['no shape', fileOf('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4), /shape: .*given undefined/],
    ['no offsets', fileOf('{"w":{"dtype":"F32","shape":[1]}}', 4), /data_offsets: .*given undefined/],
    ['unknown key', fileOf(`{"w":${w.slice(0, -1)},"strides":[1]}}`, 4), /unknown key "strides"/],
    ['key __proto__', fileOf(`{"w":${w.slice(0, -1)},"__proto__":[1]}}`, 4), /unknown key "__proto__"/],
    ['negative dimension', fileOf(`{"w":${entry('F32', '[-1]', '[0,4]')}}`, 4), /at "w"\."shape": .*"-1"/],
    ['minus zero', fileOf(`{"w":${entry('F32', '[-0]', '[0,0]')}}`), /at "w"\."shape": .*"-0"/],
    ['fractional dimension', fileOf(`{"w":${entry('F32', '[0.5]', '[0,4]')}}`, 4), /"shape": .*"0\.5"/],
    [
      'dimension that rounds',
      fileOf(`{"w":${entry('F32', `[0.${'9'.repeat(30)}]`, '[0,4]')}}`, 4),
      /plain digits/,
    ],
    [
      'dimension beyond 2^53',
      fileOf(`{"w":${entry('F32', '[9007199254740993]', '[0,4]')}}`, 4),
      /shape: .*2\^53/,
    ],
    ['dimension of text', fileOf(`{"w":${entry('F32', '["1"]', '[0,4]')}}`, 4), /shape: .*given \["1"\]/],
    ['shape no array', fileOf(`{"w":${entry('F32', '4', '[0,4]')}}`, 4), /shape: .*given 4/],
    [
      'shape overflows',
      fileOf(`{"w":${entry('F32', '[4503599627370496,4]', '[0,4]')}}`, 4),
      /4503599627370496x4 ov/,
    ],
    ['bytes overflow', fileOf(`{"w":${entry('F64', '[4503599627370496]', '[0,4]')}}`, 4), /overflows/],
    ['negative offset', fileOf(`{"w":${entry('F32', '[1]', '[-4,0]')}}`, 4), /"w"\."data_offsets": .*"-4"/],
    [
      'fractional offset',
      fileOf(`{"w":${entry('F32', '[1]', '[0,4.5]')}}`, 5),
      /"w"\."data_offsets": .*"4\.5"/,
    ],
    [
      'offset beyond 2^53',
      fileOf(`{"w":${entry('F32', '[1]', '[0,9007199254740992]')}}`, 4),
      /offsets: .*2\^53/,
    ],
    ['three offsets', fileOf(`{"w":${entry('F32', '[1]', '[0,4,8]')}}`, 4), /data_offsets: expected two/],
    ['begin beyond end', fileOf(`{"w":${entry('F32', '[1]', '[4,0]')}}`, 4), /begin 4 is beyond end 0/],
    [
      'size of another shape',
      fileOf(`{"w":${entry('F32', '[2]', '[0,4]')}}`, 4),
      /"w": F32 .*\[2\] needs 8.*give 4/,
    ],
    [
      'size of another dtype',
      fileOf(`{"w":${entry('F64', '[1]', '[0,4]')}}`, 4),
      /F64 .* needs 8 bytes.* give 4/,
    ],
    ['beyond the file', fileOf(`{"w":${w}}`, 3), /too short: tensors need 4 bytes of data, given 3/],
    ['trailing bytes', fileOf(`{"w":${w}}`, 5), /trailing bytes: tensors need 4 bytes of data, given 5/],
    ['trailing bytes alone', fileOf('{}', 1), /trailing bytes: tensors need 0/],
    [
      'overlap',
      fileOf(`{"v":${w},"w":${entry('F32', '[1]', '[2,6]')}}`, 6),
      /"w": its data at 2 overlap .* to 4/,
    ],
    ['the same data twice', fileOf(`{"v":${w},"w":${w}}`, 4), /"w": its data at 0 overlap/],
    [
      'a hole',
      fileOf(`{"v":${w},"w":${entry('F32', '[1]', '[5,9]')}}`, 9),
      /"w": its data at 5 leave a hole, from 4/,
    ],
    [
      'a hole first',
      fileOf(`{"w":${entry('F32', '[1]', '[1,5]')}}`, 5),
      /"w": its data at 1 leave a hole, from 0/,
    ],
  ];

  test.each(cases)('%s', (_, file, message) => {
    const read = () => readSafetensors(file, 'model.safetensors');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^model\.safetensors: /);
  });

  test('every cut of a good file, and one byte more, is refused', () => {
    const good = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [2], data: new Float32Array(2) }]]));
    for (let length = 0; length < good.length; length++) {
      expect(() => readSafetensors(good.subarray(0, length), 'cut'), `${length} bytes`).toThrow(FormatError);
    }
    expect(() => readSafetensors(new Uint8Array([...good, 0]), 'longer')).toThrow(FormatError);
  });

  test('a good file with any one byte changed is read or refused, and nothing else', () => {
    const good = writeSafetensors(
      new Map([['w', { dtype: 'F32', shape: [2, 1], data: new Float32Array(2) }]]),
      { made: 'by "hand"' },
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bad = good.slice();
        bad[at] = byte;
        try {
          readSafetensors(bad, 'changed');
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('reading', () => {
  test('a file made by hand, in the order of its data', () => {
    const header = `{"b":${entry('U8', '[2,1]', '[4,6]')} , "a":${entry('I32', '[]', '[0,4]')}}   `;
    const { tensors, metadata } = readSafetensors(fileOf(header, 6), 'hand');
    expect([...tensors]).toEqual([
      ['a', { dtype: 'I32', shape: [], data: new Int32Array([0x03020100]) }],
      ['b', { dtype: 'U8', shape: [2, 1], data: new Uint8Array([4, 5]) }],
    ]);
    expect(Object.keys(metadata)).toEqual([]);
  });

  test.each([
    ['I64', 8, new BigInt64Array([0x0706050403020100n])],
    ['U64', 8, new BigUint64Array([0x0706050403020100n])],
    ['F64', 8, new Float64Array([7.949928895127363e-275])],
    ['F32', 4, new Float32Array([3.820471434542632e-37])],
    ['I32', 4, new Int32Array([0x03020100])],
    ['U32', 4, new Uint32Array([0x03020100])],
    ['I16', 2, new Int16Array([0x0100])],
    ['U16', 2, new Uint16Array([0x0100])],
    ['I8', 1, new Int8Array([0])],
    ['U8', 1, new Uint8Array([0])],
    ['BOOL', 1, new Uint8Array([0])],
  ])('%s is little-endian and need not be aligned', (dtype, bytes, data) => {
    for (const padding of ['', ' ', '  ', '   ']) {
      const file = fileOf(`{"w":${entry(dtype, '[1]', `[0,${bytes}]`)}}${padding}`, bytes);
      expect(readSafetensors(file, 'w').tensors.get('w')).toStrictEqual({ dtype, shape: [1], data });
    }
  });

  const special = [
    ['F16', [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555, 0x7c00, 0xfc00, 0x7e00, 0x8000]],
    ['BF16', [0x3f80, 0xc000, 0x7f7f, 0x0080, 0x0001, 0x3eab, 0x7f80, 0xff80, 0x7fc0, 0x8000]],
  ] as const;
  const expected = {
    F16: [1, -2, 65504, 2 ** -14, 2 ** -24, 0.333251953125, Infinity, -Infinity, NaN, -0],
    BF16: [1, -2, 255 * 2 ** 120, 2 ** -126, 2 ** -133, 0.333984375, Infinity, -Infinity, NaN, -0],
  };
  test.each(special)('%s is widened', (dtype, bits) => {
    const file = fileOf(`{"w":${entry(dtype, '[10]', '[0,20]')}}`, 20);
    bits.forEach((half, i) => {
      new DataView(file.buffer).setUint16(file.length - 20 + 2 * i, half, true);
    });
    const { data } = readSafetensors(file, 'w').tensors.get('w')!;
    expect(data).toBeInstanceOf(Float32Array);
    for (let i = 0; i < 10; i++) expect(data[i], `element ${i}`).toBe(expected[dtype][i]);
  });

  test('data are a copy, also of a Buffer, whose slice is a view', () => {
    const file = Buffer.from(fileOf(`{"w":${entry('U8', '[4]', '[0,4]')}}`, 4));
    const { data } = readSafetensors(file, 'w').tensors.get('w')!;
    file.fill(9);
    expect(data).toStrictEqual(new Uint8Array([0, 1, 2, 3]));
  });

  test('names of the prototype are names like others', () => {
    const zero = entry('F32', '[0]', '[0,0]');
    const text = `{"__metadata__":{"__proto__":"p"},"__proto__":${zero},"constructor":${zero},"0":${zero}}`;
    const { tensors, metadata } = readSafetensors(fileOf(text), 'w');
    expect([...tensors.keys()].sort()).toEqual(['0', '__proto__', 'constructor']);
    expect(Object.entries(metadata)).toEqual([['__proto__', 'p']]);
    expect(metadata.constructor).toBeUndefined();
  });
});

describe('writing', () => {
  test('the bytes are the format’s: length, sorted header, padding, data', () => {
    const file = writeSafetensors(
      new Map<string, WritableTensor>([
        ['b', { dtype: 'F32', shape: [2], data: new Float32Array([1, -2]) }],
        ['0', { dtype: 'U8', shape: [1], data: new Uint8Array([7]) }],
        ['a', { dtype: 'F32', shape: [], data: new Float32Array([0.5]) }],
      ]),
      { z: '1', a: '2' },
    );
    const header = headerOf(file);
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"a":"2","z":"1"},' +
        '"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
        '"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},' +
        '"0":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}',
    );
    expect(header.length % 8).toBe(0);
    expect([...file.subarray(8 + header.length)]).toEqual([0, 0, 0, 63, 0, 0, 128, 63, 0, 0, 0, 192, 7]);
  });

  test('an empty file is 16 bytes', () => {
    expect([...writeSafetensors(new Map())]).toEqual([
      8, 0, 0, 0, 0, 0, 0, 0, 123, 125, 32, 32, 32, 32, 32, 32,
    ]);
  });

  test('a view writes its own part of its buffer', () => {
    const data = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    const file = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [2], data }]]));
    expect(readSafetensors(file, 'w').tensors.get('w')?.data).toStrictEqual(new Float32Array([2, 3]));
  });

  const float = (name: string, tensor: object) => new Map([[name, tensor as WritableTensor]]);
  const good = { dtype: 'F32', shape: [1], data: new Float32Array(1) };
  test.each([
    [
      'a short tensor',
      float('w', { ...good, shape: [2] }),
      {},
      ShapeError,
      /"w".*\[2\] does not fit 1 elements/,
    ],
    ['a negative shape', float('w', { ...good, shape: [-1, -1] }), {}, ShapeError, /does not fit/],
    ['a fractional shape', float('w', { ...good, shape: [2, 0.5] }), {}, ShapeError, /does not fit/],
    ['a half float', float('w', { ...good, dtype: 'F16' }), {}, OptionError, /"F16" cannot be written/],
    ['an unknown dtype', float('w', { ...good, dtype: 'f32' }), {}, OptionError, /"f32" cannot be written/],
    ['data of another class', float('w', { ...good, dtype: 'I32' }), {}, OptionError, /from Int32Array/],
    ['the name of metadata', float('__metadata__', good), {}, OptionError, /other than "__metadata__"/],
    ['half of a surrogate pair', float('\ud800', good), {}, OptionError, /Unicode name/],
    [
      'metadata of numbers',
      new Map(),
      { a: 1 as unknown as string },
      OptionError,
      /"a": expected .* given 1/,
    ],
    ['metadata no Unicode', new Map(), { a: '\udc00' }, OptionError, /metadata "a"/],
  ])('%s is refused', (_, tensors, metadata, type, message) => {
    const write = () => writeSafetensors(tensors, metadata);
    expect(write).toThrow(type);
    expect(write).toThrow(message);
  });
});

describe('round trip', () => {
  const shape = fc.array(fc.nat(4), { maxLength: 3 });
  const tensorOf = (shape: number[]): fc.Arbitrary<WritableTensor> => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    const of = { minLength: length, maxLength: length };
    return fc.oneof<fc.Arbitrary<WritableTensor>[]>(
      fc.float32Array(of).map((data) => ({ dtype: 'F32', shape, data })),
      fc.float64Array(of).map((data) => ({ dtype: 'F64', shape, data })),
      fc.int32Array(of).map((data) => ({ dtype: 'I32', shape, data })),
      fc.uint32Array(of).map((data) => ({ dtype: 'U32', shape, data })),
      fc.int16Array(of).map((data) => ({ dtype: 'I16', shape, data })),
      fc.uint16Array(of).map((data) => ({ dtype: 'U16', shape, data })),
      fc.int8Array(of).map((data) => ({ dtype: 'I8', shape, data })),
      fc.uint8Array(of).map((data) => ({ dtype: 'U8', shape, data })),
      fc.bigInt64Array(of).map((data) => ({ dtype: 'I64', shape, data })),
      fc.bigUint64Array(of).map((data) => ({ dtype: 'U64', shape, data })),
    );
  };
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '0', '__proto__', 'toString', 'a"b\\', '\u0000'),
  );
  const tensors = fc.uniqueArray(fc.tuple(name, shape.chain(tensorOf)), { selector: ([key]) => key });
  const metadata = fc.array(fc.tuple(name, fc.string({ unit: 'binary' }))).map((pairs) => {
    const object: Record<string, string> = Object.create(null);
    for (const [key, value] of pairs) object[key] = value;
    return object;
  });

  test('tensors and metadata come back as they were, from aligned data', () => {
    fc.assert(
      fc.property(tensors, metadata, (pairs, given) => {
        fc.pre(pairs.every(([key]) => key !== '__metadata__'));
        const file = writeSafetensors(new Map(pairs), given);
        const read = readSafetensors(file, 'round trip');
        expect(new Map([...read.tensors].sort())).toStrictEqual(new Map([...pairs].sort()));
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(given).sort());
        const dataStart = 8 + encoder.encode(headerOf(file)).length;
        expect(dataStart % 8).toBe(0);
      }),
    );
  });

  test('the order in which tensors are given changes no byte', () => {
    fc.assert(
      fc.property(tensors, (pairs) => {
        fc.pre(pairs.every(([key]) => key !== '__metadata__'));
        expect(writeSafetensors(new Map(pairs))).toStrictEqual(
          writeSafetensors(new Map([...pairs].reverse())),
        );
      }),
    );
  });
});
