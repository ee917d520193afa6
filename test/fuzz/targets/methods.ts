/**
 * Methods of what the public functions give: engines, arenas, tensors, compiled models and sources of bytes.
 */
import { CompiledModel, createEngine, type Engine, EngineError } from '../../../src/index.js';
import { expectThat, type Target } from '../target.js';
import { allFinite, type Call, callTarget } from './functions.js';
import { classifier } from './samples.js';

const calls: Record<string, Call> = {
  'Tensor.write, view, fill and at': {
    valid: (r) => ['float', [2, 3], [...r.floats(6)], [3, 2], 0, 1, 2],
    async call(...args: readonly unknown[]) {
      const [dtype, shape, values, view, offset, value, at] = args as [
        never,
        never,
        never,
        never,
        never,
        never,
        never,
      ];
      const { reference } = shared!;
      const arena = reference.arena();
      try {
        const tensor = arena.tensor(dtype, shape);
        tensor.write(values);
        const read = [...tensor.view(view, offset).read()];
        tensor.fill(value);
        return [tensor.at(at), ...read, ...tensor.firstRows(1).read()];
      } finally {
        arena.dispose();
      }
    },
    check: (result, _, intact) => intact && allFinite(result),
  },
  'CompiledModel.plan and writeParameters': {
    valid: (r) => [1, new Map(classifier(r).parameters.map(({ name, values }) => [name, values])), new Map()],
    call(...args: readonly unknown[]) {
      const [rows, parameters, state] = args as [never, never, never];
      const compiled = new CompiledModel(shared!.reference, shared!.model, { maxRows: 2 });
      try {
        compiled.writeParameters(parameters);
        compiled.writeState(state);
        return compiled.plan(rows).rows;
      } finally {
        compiled.dispose();
      }
    },
  },
  'an engine that was disposed of': {
    weight: 0.2,
    valid: () => [1],
    async call(_: never) {
      const engine = await createEngine({ backend: 'reference' });
      engine.dispose();
      engine.dispose();
      const used = await Promise.resolve()
        .then(() => engine.arena().tensor('float', [1]))
        .catch((error: unknown) => error);
      expectThat(used instanceof EngineError, () => 'a disposed engine made a tensor');
    },
  },
};

let shared: { reference: Engine; model: ReturnType<typeof classifier> } | undefined;

export const methodTargets: readonly Target[] = Object.entries(calls).map(([name, call]) => {
  const target = callTarget(name, call);
  return {
    ...target,
    run(r, world) {
      shared ??= { reference: world.reference, model: classifier(r) };
      return target.run(r, world);
    },
  };
});
