/** Parquet files by their parts: another footer, or one page whose header and content are as they are given. */
import { type FileMetaData, parquetMetadata } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';

/** The same file with another footer. */
export function withFooter(bytes: Uint8Array, change: (metadata: FileMetaData) => void): Uint8Array {
  const metadata = parquetMetadata(bytes);
  change(metadata);
  const writer = new ByteWriter();
  // The writer brings types of its own.
  writeMetadata(writer, metadata as Parameters<typeof writeMetadata>[1]);
  writer.appendBytes(new TextEncoder().encode('PAR1'));
  const end = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  return Buffer.concat([bytes.subarray(0, end), writer.getBytes()]);
}

export interface Page {
  rows?: number;
  type?: 'INT32' | 'INT64' | 'BYTE_ARRAY' | 'BOOLEAN';
  optional?: boolean;
  codec?: 'UNCOMPRESSED' | 'GZIP';
  /** Fields of the header that differ. */
  header?: object;
  data?: object;
  content: readonly number[];
}

/** A file of one column `x` with one page, whose parts are as they are given. */
export function onePage({
  rows = 100,
  type = 'INT32',
  optional = true,
  codec = 'UNCOMPRESSED',
  header = {},
  data = {},
  content,
}: Page): Uint8Array {
  const page = new ByteWriter();
  serializeTCompactProtocol(page, {
    field_1: 0,
    field_2: content.length,
    field_3: content.length,
    field_5: { field_1: rows, field_2: 0, field_3: 3, field_4: 3, ...data },
    ...header,
  });
  page.appendBytes(Uint8Array.from(content));
  const bytes = page.getBytes();
  const file = new ByteWriter();
  file.appendBytes(new TextEncoder().encode('PAR1'));
  file.appendBytes(bytes);
  writeMetadata(file, {
    version: 1,
    metadata_length: 0,
    schema: [
      { name: 'schema', num_children: 1 },
      { name: 'x', type, repetition_type: optional ? 'OPTIONAL' : 'REQUIRED' },
    ],
    num_rows: BigInt(rows),
    row_groups: [
      {
        columns: [
          {
            file_offset: 4n,
            meta_data: {
              type,
              encodings: ['PLAIN'],
              path_in_schema: ['x'],
              codec,
              num_values: BigInt(rows),
              total_uncompressed_size: BigInt(bytes.length),
              total_compressed_size: BigInt(bytes.length),
              data_page_offset: 4n,
            },
          },
        ],
        total_byte_size: BigInt(bytes.length),
        num_rows: BigInt(rows),
      },
    ],
  });
  file.appendBytes(new TextEncoder().encode('PAR1'));
  return file.getBytes();
}

/** A number as the format writes it, seven bits a byte. */
export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** Levels with their length in front. */
export function levelsOf(...runs: number[]): number[] {
  return [runs.length, 0, 0, 0, ...runs];
}
