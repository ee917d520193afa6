/** Losses of their configurations. What trains only, needs none. */
import { OptionError, show } from '../base/errors.js';
import { type Loss, losses, severalLosses } from './losses.js';

/** The loss that a `config` describes. Throws OptionError for one that is not known. */
export function lossOf(config: Readonly<Record<string, unknown>>): Loss {
  const { kind, parts } = config;
  if (kind !== 'several' || typeof parts !== 'object' || parts === null) return oneLossOf(config);
  const each = Object.entries(parts).map(([name, part]: [string, unknown]) => {
    const { weight, ...own } = (part ?? {}) as Readonly<Record<string, unknown>>;
    return [name, { loss: oneLossOf(own), weight }] as const;
  });
  return severalLosses('lossOf', Object.fromEntries(each));
}

function oneLossOf({ kind, ...options }: Readonly<Record<string, unknown>>): Loss {
  if (typeof kind !== 'string' || !Object.hasOwn(losses, kind)) {
    throw new OptionError('lossOf', `unknown loss ${show(kind)}`);
  }
  return (losses as Record<string, (options: object) => Loss>)[kind](options);
}
