/** The page of the guide that says which operators of ONNX are read, written from ONNX's own tests. */
import type { Case } from './node-cases.js';

interface Outcome extends Pick<Case, 'operators'> {
  /** Why it is refused; it is right where there is no reason. */
  readonly refused: string | undefined;
}

const HEAD = `# Operators of ONNX

This page is written by a test (\`test/formats/onnx/trace/node-tests.test.ts\`). It runs ONNX's own tests, those of version 1.12, of all
operators that \`readOnnx\` reads: in each what decides shapes and what is a weight is made a constant, and the network's output is
compared with what ONNX expects, within 1e-5 of 1 or of the value (1e-3 in float16, and for windows, which ONNX writes with 3.1415 for π). Every
test is right, or its graph is refused with an error that names the node. Whole numbers and truth values are computed with as float32,
which has all whole numbers up to 2²⁴.

Operators without a test there came later, or are not ONNX's own. Most operators are compared with ONNX Runtime as well, in graphs drawn
at random (\`random.test.ts\` beside it), with a batch of any size.
`;

/** `names`: of all operators that are read. */
export function page(outcomes: readonly Outcome[], names: readonly string[]): string {
  const single = outcomes.filter(({ operators }) => operators.length === 1);
  const rows = [...names].sort().map((name) =>
    row(
      name,
      single.filter(({ operators }) => operators[0] === name),
    ),
  );
  const several = outcomes.filter(({ operators }) => operators.length !== 1);
  const refused = outcomes.filter((own) => own.refused).length;
  return [
    HEAD,
    `Of ${outcomes.length} tests ${outcomes.length - refused} are right and ${refused} refused.`,
    '',
    '| operator | right | refused | of what is refused |',
    '|---|---:|---:|---|',
    ...rows,
    row('*graphs of several*', several),
    '',
  ].join('\n');
}

function row(name: string, outcomes: readonly Outcome[]): string {
  const refused = outcomes.flatMap((own) => own.refused ?? []);
  const right = outcomes.length - refused.length;
  const reasons = [...new Set(refused)].join('; ');
  return `| ${name} | ${right || '–'} | ${refused.length || '–'} | ${reasons} |`;
}
