/** ZIP archives in which one field of a header lies, entries change places, or are packed otherwise. */
import { crc32, deflateRawSync } from 'node:zlib';
import { zip } from '../encode.js';
import { mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';

/** The signatures of an entry's own header, of its header in the directory, and of the end of the directory. */
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];

type Field = readonly [at: number, size: number];

/** Places and bytes of the fields behind a signature. */
const FIELDS = new Map<number, readonly Field[]>([
  [
    LOCAL,
    [
      [6, 2],
      [8, 2],
      [14, 4],
      [18, 4],
      [22, 4],
      [26, 2],
      [28, 2],
    ],
  ],
  [
    CENTRAL,
    [
      [8, 2],
      [10, 2],
      [16, 4],
      [20, 4],
      [24, 4],
      [28, 2],
      [30, 2],
      [32, 2],
      [34, 2],
      [42, 4],
    ],
  ],
  [
    END,
    [
      [4, 2],
      [6, 2],
      [8, 2],
      [10, 2],
      [12, 4],
      [16, 4],
      [20, 2],
    ],
  ],
]);
const VALUES = [0, 1, 2, 8, 9, 20, 30, 46, 0x800, 0xffff, 0x10000, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

export type Entries = (readonly [name: string, data: Uint8Array])[];

export function mutateZip(r: Random, entries: Entries): Uint8Array<ArrayBuffer> {
  const given = [...entries];
  if (r.chance(0.2)) given.push(r.pick(entries));
  if (r.chance(0.2))
    given.push([r.pick(['../x.npy', '', '.npy', 'a\u0000.npy', 'd/', '__proto__.npy']), r.bytes(9)]);
  const file = r.chance(0.4) ? packed(given) : zip(given);
  if (r.chance(0.2)) return mutateBytes(r, file);
  const view = new DataView(file.buffer);
  const fields: Field[] = [];
  for (let at = 0; at + 4 <= file.length; at++) {
    const known = FIELDS.get(view.getUint32(at, true)) ?? [];
    fields.push(...known.map(([place, size]): Field => [at + place, size]));
  }
  for (let count = r.between(1, 3); count > 0 && fields.length > 0; count--) {
    const [at, size] = r.pick(fields);
    if (at + size > file.length) continue;
    const [other] = r.pick(fields.filter((field) => field[1] === size && field[0] + size <= file.length));
    const own = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    const near = own + r.pick([-1, 1, 2, 16]);
    const its = size === 2 ? view.getUint16(other, true) : view.getUint32(other, true);
    const value = r.pick([near, its, r.pick(VALUES)]);
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value >>> 0, true);
  }
  return file;
}

/** The same entries deflated. */
export function packed(entries: Readonly<Entries>): Uint8Array<ArrayBuffer> {
  const contents = entries.map(([name, data]) => [name, new Uint8Array(deflateRawSync(data))] as const);
  const file = zip(contents);
  const view = new DataView(file.buffer);
  let own = 0;
  let central = 0;
  for (let at = 0; at + 4 <= file.length && central < entries.length; ) {
    const isLocal = view.getUint32(at, true) === LOCAL;
    const head = isLocal ? at + 8 : at + 10;
    const [, data] = entries[isLocal ? own++ : central++];
    view.setUint16(head, 8, true);
    view.setUint32(head + 6, crc32(data), true);
    view.setUint32(head + 14, data.length, true);
    const name = view.getUint16(head + 18, true);
    at += isLocal ? 30 + name + view.getUint32(head + 10, true) : 46 + name;
  }
  return file;
}
