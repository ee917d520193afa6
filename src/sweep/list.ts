/** Studies whose trials are known from the first: one for each of some values, in their order. */
import { OptionReader } from '../base/options.js';
import { type Definition, type ObjectiveFacts, readDefinition } from './definition.js';
import type { SettingValue } from './space.js';

/** The study that has a trial for each value of one setting. Throws OptionError for two that are equal. */
export function listDefinition(
  where: string,
  name: string,
  values: readonly SettingValue[],
  facts: ObjectiveFacts,
): Definition {
  const space = { [name]: { kind: 'choice', values } };
  return readDefinition(where, new OptionReader(where, { space, sampler: 'grid' }), facts);
}
