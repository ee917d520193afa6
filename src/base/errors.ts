/**
 * Every error that lanegrad throws on purpose. Each message says where, what was expected and what was given;
 * the class says whose mistake it is, so that a caller can tell a typing error from a broken file.
 */

/** Characters that a path may have on most systems. */
const MAX_PLACE = 4096;

/**
 * The base of all errors below. `where` names the function, option or file at fault. Each class says its name: in a
 * page whose bundler shortens the names of classes, `error.name` would be short as well.
 */
export class LanegradError extends Error {
  readonly where: string;

  constructor(where: string, message: string, options?: ErrorOptions) {
    // Callers in JavaScript can give what the types exclude: a file's name that is none, say.
    const place = typeof where === 'string' && where.length <= MAX_PLACE ? where : show(where);
    super(`${place}: ${typeof message === 'string' ? message : show(message)}`, options);
    this.name = new.target.name;
    this.where = place;
  }
}

/** An argument or option has the wrong type or value, or is not known. */
export class OptionError extends LanegradError {
  static override readonly name: string = 'OptionError';
}

/** Two shapes do not fit each other. */
export class ShapeError extends LanegradError {
  static override readonly name: string = 'ShapeError';
}

/** The data itself cannot be used: an empty set, a label outside the classes, a count that differs. */
export class DataError extends LanegradError {
  static override readonly name: string = 'DataError';
}

/** A file's bytes are not what its format prescribes. `where` is the file's name. */
export class FormatError extends LanegradError {
  static override readonly name: string = 'FormatError';
}

/** A file or folder cannot be read or written; `cause` is the system's own error. */
export class FileError extends LanegradError {
  static override readonly name: string = 'FileError';
}

/** An engine cannot be created, has been disposed, or is asked for what it cannot do here. */
export class EngineError extends LanegradError {
  static override readonly name: string = 'EngineError';
}

/**
 * This runtime lacks what the kernels need: WebAssembly or its SIMD. Where nothing else was asked for, the
 * reference takes over.
 */
export class UnsupportedError extends EngineError {
  static override readonly name: string = 'UnsupportedError';
}

/**
 * The bytes that should be kernels are cut off, changed or of something else: never taken for an old runtime.
 */
export class KernelError extends EngineError {
  static override readonly name: string = 'KernelError';
}

/** A thread cannot be started. */
export class ThreadError extends EngineError {
  static override readonly name: string = 'ThreadError';

  /** Threads that there were all the same, the caller's own among them. */
  readonly running: number;

  constructor(where: string, message: string, running = 1, options?: ErrorOptions) {
    super(where, message, options);
    this.running = running;
  }
}

/** A checkpoint does not fit the training that is to go on from it. */
export class ResumeError extends LanegradError {
  static override readonly name: string = 'ResumeError';
}

/**
 * A loss, an output or a parameter is NaN or infinite. After training that met one the model has the values
 * of its last good epoch.
 */
export class NonFiniteError extends LanegradError {
  static override readonly name: string = 'NonFiniteError';

  /**
   * Steps that were completed before the one that failed, over all epochs; 0, and epoch 0, where nothing was
   * trained.
   */
  readonly step: number;
  readonly epoch: number;
  /** Of the inputs or the set, counted from 0; undefined where it is no single row's. */
  readonly row: number | undefined;

  constructor(where: string, message: string, step = 0, epoch = 0, row?: number) {
    super(where, message);
    this.step = step;
    this.epoch = epoch;
    this.row = row;
  }
}

/**
 * A value as it should appear in a message: short, quoted when a string, never a whole array. It may be
 * anything at all.
 */
export function show(value: unknown): string {
  try {
    return describe(value, 0);
  } catch {
    // A getter or a proxy of the caller's that throws.
    return 'an object that cannot be read';
  }
}

function describe(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(short(value));
  if (typeof value === 'bigint') return short(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) {
    if (value.length > 8 || depth > 1) return `an array of ${value.length}`;
    return `[${value.map((entry) => describe(entry, depth + 1)).join(', ')}]`;
  }
  if (typeof value !== 'object' || value === null) return short(String(value));
  const given: unknown = value.constructor?.name;
  const name = typeof given === 'string' ? short(given) : '';
  if (ArrayBuffer.isView(value)) return `${name} of ${value.byteLength} bytes`;
  return name && name !== 'Object' ? `an object of class ${name}` : 'an object';
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
