/** Which format a picture's file has, by its first bytes. */

/** What files of pictures begin with, at 0 unless another place is said. */
const SIGNATURES: readonly (readonly [name: string, bytes: string, at?: number])[] = [
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['JPEG', '\xff\xd8\xff'],
  ['GIF', 'GIF8'],
  ['WebP', 'WEBP', 8],
  ['BMP', 'BM'],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['AVIF or HEIC', 'ftyp', 4],
];

/** The format of a picture's file by its first bytes: undefined for what is no picture. */
export function pictureFormat(bytes: Uint8Array): string | undefined {
  const found = SIGNATURES.find(([, text, at = 0]) =>
    [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0)),
  );
  return found?.[0];
}
