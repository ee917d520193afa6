/** The settings of runs on images as kinds of values: sizes such as 32x32. */
import type { Kind } from '../base/settings.js';
import { isSize } from '../data/images/collect.js';
import type { ImageSize } from '../data/images/resize.js';

/** A height and a width: on the command line `28x32`. */
export function imageSize(): Kind<ImageSize> {
  const read = (json: unknown) => (isSize(json) ? json : undefined);
  return {
    expected: 'height and width such as 32x32, from 1 to 8192',
    placeholder: '<size>',
    read,
    parse(text) {
      const [, height, width] = /^(\d{1,4})x(\d{1,4})$/.exec(text) ?? [];
      return read([Number(height), Number(width)]);
    },
  };
}
