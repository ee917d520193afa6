/** The names of the library's errors, which the bundle's own names of classes are not. */
import {
  DataError,
  EngineError,
  FileError,
  FormatError,
  NonFiniteError,
  OptionError,
  ShapeError,
  UnsupportedError,
} from 'lanegrad';

const classes = {
  ...{ DataError, EngineError, FileError, FormatError },
  ...{ NonFiniteError, OptionError, ShapeError, UnsupportedError },
};

/** Such as `FormatError`; of other errors what they say of themselves. */
export function nameOf(error: Error): string {
  const own = Object.entries(classes).find(([, one]) => error.constructor === one);
  return own?.[0] ?? error.name;
}
