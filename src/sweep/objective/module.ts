/** An objective that is a module's default export. Node only. */
import { OptionError, show } from '../../base/errors.js';
import { type ObjectiveFunction, reasonOf } from './trial.js';

/**
 * @param module its URL.
 * @throws OptionError when it cannot be loaded, or exports no function.
 */
export async function loadObjective(module: string): Promise<ObjectiveFunction> {
  const found = await import(module).catch((cause: unknown) => {
    throw new OptionError('sweep, objective', `${module} cannot be loaded: ${reasonOf(cause)}`, { cause });
  });
  const { default: objective } = found as { default?: unknown };
  if (typeof objective === 'function') return objective as ObjectiveFunction;
  throw new OptionError(
    'sweep, objective',
    `${module}: expected a function as its default export, given ${show(objective)}`,
  );
}
