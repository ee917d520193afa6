/**
 * Where a command writes: people read one stream, programs the other. Colour only where a person sees it.
 * Whatever is written for people goes through here and comes out harmless to a terminal: names in files may
 * hold what it would obey.
 */
import type { WriteStream } from 'node:tty';

export class Output {
  /** What people read: standard output, or standard error when a program reads the former. */
  readonly human: NodeJS.WriteStream;
  /** Whether `human` is a terminal that can redraw a line. */
  readonly live: boolean;
  /** Whether `human` takes colours. */
  readonly colour: boolean;
  readonly #json: boolean;

  constructor({ json = false }: { json?: boolean | undefined } = {}) {
    this.#json = json;
    this.human = json ? process.stderr : process.stdout;
    this.live = this.human.isTTY === true && process.env.TERM !== 'dumb';
    this.colour = this.live && !process.env.NO_COLOR;
  }

  line(text = ''): void {
    this.human.write(`${this.#harmless(text)}\n`);
  }

  /** The last line once more, of a terminal that is `live`; without a text it is erased. */
  redraw(text = ''): void {
    this.human.write(`\r${this.#harmless(text)}\x1b[K`);
  }

  /** The object that ends a command run with `--json`; nothing without it. */
  result(value: object): void {
    // A character that is written as its number is the same one to whoever reads JSON.
    const number = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    if (this.#json) process.stdout.write(`${JSON.stringify(value).replace(OBEYED, number)}\n`);
  }

  bold(text: string): string {
    return this.#style(text, 1, 22);
  }

  dim(text: string): string {
    return this.#style(text, 2, 22);
  }

  red(text: string): string {
    return this.#style(text, 31, 39);
  }

  /** Colours of our own are let through, where there are any: they neither move nor hide anything. */
  #harmless(text: string): string {
    return this.colour
      ? text.replace(COLOUR_OR_OBEYED, (found) => (found.length > 2 ? found : spell(found)))
      : printable(text);
  }

  #style(text: string, on: number, off: number): string {
    return this.colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }
}

/** Columns of a terminal; 80 where it does not say. */
export function columnsOf(stream: NodeJS.WriteStream | WriteStream): number {
  return stream.columns || 80;
}

/**
 * What terminals obey in place of showing it: control characters, line separators, and marks that turn the
 * direction of text.
 */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const COLOUR_OR_OBEYED = new RegExp(`\\x1b\\[[\\d;]*m|${OBEYED.source}`, 'gu');

/** Text that came from a file or an argument, harmless to a terminal: what it would obey is spelt out. */
export function printable(text: string): string {
  return text.replace(OBEYED, spell);
}

/** The same of a text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function spell(char: string): string {
  const code = char.charCodeAt(0);
  const [letter, digits] = code < 256 ? ['x', 2] : ['u', 4];
  return `\\${letter}${code.toString(16).padStart(digits, '0')}`;
}

/** 98.12 % */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** 0.0803, or 1.204e+29 for a loss that is running away. */
export function lossText(value: number): string {
  return value < 1e5 ? value.toFixed(4) : value.toExponential(3);
}

/** 60,000 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Rows with columns in line, two spaces apart; `left` lists the columns that hold words. */
export function table(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    left.includes(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}
