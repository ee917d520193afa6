import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { LanegradError } from '../../../../src/base/errors.js';
import { readOnnx } from '../../../../src/formats/onnx/read.js';
import { testNumbers } from '../../../kernels/harness.js';
import { editFile } from '../schema.js';
import { randomGraph, steps } from './random-graph.js';
test('mutants', () => {
  const next = testNumbers(Number(process.env.SEED ?? 9));
  const pick = <T>(l: T[]) => l[Math.floor(next() * l.length)];
  const odd = () => pick([0, -1, 1, 2, -2, 3, 7, 100, 65536, 2 ** 31, -(2 ** 31), 1_000_000_007, 4, 5, 16777217, -9, 2 ** 40]);
  const out: string[] = [];
  const count: Record<string, number> = {};
  for (let r = 0; r < Number(process.env.EACH ?? 40); r++) for (const name of Object.keys(steps)) {
    const { file, operators } = randomGraph(next, name, { form: pick(['open', 'fixed'] as never[]) });
    const note: string[] = [];
    const mutant = editFile(file, ({ graph }) => {
      for (let k = 1 + Math.floor(next() * 2); k > 0; k--) {
        const kind = next();
        if (kind < 0.45) {
          const c = pick((graph.initializer ?? []).filter((own) => (own as { dataType: number }).dataType === 7) as { rawData: Uint8Array; name: string }[]);
          if (!c) continue;
          const v = new BigInt64Array(c.rawData.slice().buffer);
          const o = odd(); v[Math.floor(next() * v.length)] = BigInt(o); note.push(`${c.name}=${o}`);
          c.rawData = new Uint8Array(v.buffer);
        } else if (kind < 0.75) {
          const n = pick(graph.node.filter((own) => own.attribute?.length));
          if (!n) continue;
          const a = pick(n.attribute as { name: string; i?: number; ints?: number[]; f?: number }[]);
          const o = odd();
          if (a.ints?.length) a.ints[Math.floor(next() * a.ints.length)] = o; else if (a.i !== undefined) a.i = o; else if (a.f !== undefined) a.f = o;
          note.push(`${n.opType}.${a.name}=${o}`);
        } else if (kind < 0.85) {
          const n = pick(graph.node); const m = pick(graph.node);
          if (n.input.length) n.input[Math.floor(next() * n.input.length)] = pick([...m.input, ...m.output, '', 'x']);
          note.push(`${n.opType} input`);
        } else {
          const c = pick((graph.initializer ?? []) as { dims: number[]; name: string }[]);
          if (!c?.dims?.length) continue;
          const d = c.dims; pick([() => d.reverse(), () => d.push(1), () => d.unshift(1), () => d.splice(0, d.length, d.reduce((a, b) => a * b, 1))])();
          note.push(`${c.name} dims ${d}`);
        }
      }
    });
    const t = performance.now();
    let what = 'read';
    try { readOnnx(mutant, 'm'); } catch (e) {
      what = e instanceof LanegradError ? 'refused' : 'CRASH';
      if (what === 'CRASH') out.push(`${name} ${note.join('; ')} ${operators.join(' ')} ${(e as Error).stack?.split('\n').slice(0, 4).join(' | ')}`);
    }
    const ms = performance.now() - t;
    if (ms > 300) out.push(`SLOW ${ms} ${name} ${note.join('; ')} ${operators.join(' ')}`);
    count[what] = (count[what] ?? 0) + 1;
  }
  writeFileSync('/tmp/brk/mut.txt', JSON.stringify(count) + '\n' + out.join('\n'));
}, 300000);
