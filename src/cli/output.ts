/** Where a command writes: people read one stream, programs the other. Colour only where a person sees it. */
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
    this.human.write(`${text}\n`);
  }

  /** The object that ends a command run with `--json`; nothing without it. */
  result(value: object): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(value)}\n`);
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

  #style(text: string, on: number, off: number): string {
    return this.colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }
}

/** Columns of a terminal; 80 where it does not say. */
export function columnsOf(stream: NodeJS.WriteStream | WriteStream): number {
  return stream.columns || 80;
}

/** Text that came from a file or an argument, harmless to a terminal: control characters are spelt out. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
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
