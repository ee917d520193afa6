/** safetensors files whose header lies as its own tests list it: offsets, lengths, names, and the text of its JSON. */
import { joined } from '../mutate.js';
import type { Random } from '../random.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const OFFSETS = [0, 1, -1, 4, 8, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64, 0.5];
const DTYPES = [
  'F32',
  'F64',
  'F16',
  'BF16',
  'I8',
  'I16',
  'I32',
  'I64',
  'U8',
  'U64',
  'BOOL',
  'F8_E4M3',
  'F4',
  '',
  'f32',
];

export function mutateSafetensorsHeader(
  r: Random,
  header: Record<string, unknown>,
  given: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const own = structuredClone(header);
  const entries = Object.entries(own).filter(([name]) => name !== '__metadata__') as [string, Entry][];
  let data = given;
  if (entries.length > 0) {
    const [name, entry] = r.pick(entries);
    const [, other] = r.pick(entries);
    const place = r.below(2);
    r.pick([
      () => {
        entry.data_offsets[place] = r.pick(OFFSETS);
      },
      () => {
        entry.data_offsets[place] += r.pick([1, -1, 4, -4]);
      },
      () => {
        entry.data_offsets = [...other.data_offsets];
      },
      () => {
        entry.data_offsets.reverse();
      },
      () => {
        entry.dtype = r.pick(DTYPES);
      },
      () => {
        entry.shape = r.pick([
          [],
          [0],
          [1, ...entry.shape],
          entry.shape.toReversed(),
          [2 ** 31, 2 ** 31],
          [0, 2 ** 53],
        ]);
      },
      () => {
        delete own[name];
      },
      () => {
        own[`${name}'`] = structuredClone(entry);
      },
      () => {
        data = joined(given, r.bytes(r.pick([1, 8])));
      },
      () => {
        data = given.slice(0, Math.max(0, given.length - r.pick([1, 4])));
      },
      () => Object.assign(entry, { [r.pick(['extra', '__proto__', 'dtype'])]: r.pick([0, null, 'F32']) }),
      () => {
        own.__metadata__ = r.pick([
          null,
          [],
          'text',
          { a: 1 },
          { a: null },
          { a: 'x'.repeat(5000) },
          { a: '\ud800' },
        ]);
      },
    ])();
  }
  const text = mutateHeaderText(r, JSON.stringify(own));
  const json = r.chance(0.05) ? joined(Buffer.from(text), Uint8Array.of(0xff, 0xfe)) : Buffer.from(text);
  const padded = new Uint8Array(r.chance(0.9) ? Math.ceil(json.length / 8) * 8 : json.length).fill(0x20);
  padded.set(json);
  const length = new DataView(new ArrayBuffer(8));
  const lies = [0n, 1n, BigInt(json.length), BigInt(padded.length + 8), 2n ** 27n, 2n ** 53n, 2n ** 64n - 1n];
  length.setBigUint64(0, r.chance(0.1) ? r.pick(lies) : BigInt(padded.length), true);
  return joined(new Uint8Array(length.buffer), padded, data);
}

/** JSON that another parser reads in another way. */
function mutateHeaderText(r: Random, text: string): string {
  return r.pick([
    () => text,
    () => text,
    () => text,
    () => text.replace(/"([^"]+)":\{/, '"$1":{},"$1":{'),
    () => text.replace('"dtype"', '"dtype":"U8","dtype"'),
    () => text.replace(/\[(\d+)/, '[$1.0'),
    () => text.replace(/\[(\d+)/, '[$1e0'),
    () => text.replace(/\[(\d+)/, '[0$1'),
    () => text.replace(/"(\w)/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`),
    () => text.replace('{', '{ \t\n'),
    () => `${text} {}`,
    () => ` ${text}`,
    () => `\ufeff${text}`,
    () => text.replace('{', '{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]},'),
  ])();
}
