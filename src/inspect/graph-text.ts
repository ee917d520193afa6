/**
 * A network drawn as text: a line for each layer, from top to bottom, with rails at its left along which values
 * run from what makes them to what reads them.
 */
import type { Network } from '../nn/model.js';
import { type LayerSummary, lengthsOf, summary } from '../nn/summary.js';

/** A line of the drawing. */
export interface GraphLine {
  /** Rails, such as `├─●`. */
  readonly rails: string;
  readonly name: string;
  readonly kind: string;
  /** What it gives for each row, such as `28x28x1`. */
  readonly shape: string;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** Rails that stand beside each other at most; where there would be more, none are drawn. */
const MAX_RAILS = 12;

/** The lines of a model: its inputs, and the rows of its summary. */
export function drawGraph(model: Network): GraphLine[] {
  const inputs = model.inputs.map(
    ({ name, shape }): Row => ({ name, kind: 'input', shape, parameters: 0, multiplyAdds: 0, reads: [] }),
  );
  const { layers } = summary(model);
  const rows = [
    ...inputs,
    ...layers.map(
      (own, i): Row => ({ ...own, reads: own.reads ?? [i === 0 ? inputs[0].name : layers[i - 1].name] }),
    ),
  ];
  const rails = railsOf(rows);
  return rows.map(({ name, kind, shape, parameters, multiplyAdds }, i) => ({
    ...{ rails: rails[i], name, kind, shape: lengthsOf(shape), parameters, multiplyAdds },
  }));
}

type Row = Pick<LayerSummary, 'name' | 'kind' | 'shape' | 'parameters' | 'multiplyAdds'> & {
  readonly reads: readonly string[];
};

/** For each row, what stands left of its name. */
function railsOf(rows: readonly Row[]): string[] {
  const last = new Map<string, number>();
  for (const [i, { reads }] of rows.entries()) for (const name of reads) last.set(name, i);
  // Whose value runs along each rail; undefined where it is free.
  const rails: (string | undefined)[] = [];
  const drawn = rows.map(({ name, reads }, i) => {
    const before = [...rails];
    for (const [at, own] of rails.entries())
      if (own !== undefined && last.get(own) === i) rails[at] = undefined;
    const free = rails.indexOf(undefined);
    // The value goes on where the last of what it was made of came from, or on a new rail.
    const own = before.findIndex(
      (from, at) => from !== undefined && reads.includes(from) && rails[at] === undefined,
    );
    const at = own >= 0 ? own : free >= 0 ? free : rails.length;
    rails[at] = (last.get(name) ?? -1) > i ? name : undefined;
    return { before, at, reads, after: [...rails] };
  });
  const width = Math.max(0, ...drawn.map(({ before, after }) => Math.max(before.length, after.length)));
  if (width > MAX_RAILS) return rows.map(() => '');
  return drawn.map(({ before, at, reads, after }) => lineOf(before, after, at, reads, width));
}

function lineOf(
  before: readonly (string | undefined)[],
  after: readonly (string | undefined)[],
  at: number,
  reads: readonly string[],
  width: number,
): string {
  const isRead = (place: number) => before[place] !== undefined && reads.includes(before[place]);
  const all = [at, ...before.keys()].filter((place) => place === at || isRead(place));
  const [first, end] = [Math.min(...all), Math.max(...all)];
  const signs = Array.from({ length: width }, (_, place) => {
    const isInside = place > first && place < end;
    if (place === at) return '●';
    if (isRead(place)) {
      const goesOn = after[place] === before[place];
      if (place === first) return goesOn ? '├' : '╰';
      if (place === end) return goesOn ? '┤' : '╯';
      return goesOn ? '┼' : '┴';
    }
    if (before[place] !== undefined) return isInside ? '┼' : '│';
    return isInside ? '─' : ' ';
  });
  return signs
    .map((sign, place) => (place + 1 < width && place >= first && place < end ? `${sign}─` : `${sign} `))
    .join('')
    .trimEnd();
}
