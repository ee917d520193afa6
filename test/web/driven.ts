/** What drivers of browsers run in a page, and what becomes of it. */

/** How long a function may run in a page. */
export const MILLISECONDS = 300_000;

export interface Outcome {
  /** As JSON. */
  readonly value?: string;
  readonly error?: string;
  readonly errors: readonly string[];
}

/**
 * A script that runs the function once the page has loaded, for which not every driver waits, and tells what
 * became of it and what the page complained of meanwhile.
 */
export const watched = (run: string) => `
  const done = arguments[0];
  const errors = [];
  addEventListener('error', ({ message }) => errors.push(String(message)));
  addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
  for (const level of ['error', 'warn']) {
    const write = console[level];
    console[level] = (...what) => { errors.push(what.join(' ')); write.apply(console, what); };
  }
  const loaded = async () => {
    while (document.readyState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
  };
  loaded().then(${run}).then(
    (value) => done({ value: JSON.stringify(value), errors }),
    (error) => done({ error: String(error), errors }),
  );`;

/** What the function returned; throws what it threw. Complaints are added to `errors`. */
export function resultOf<T>(browser: string, outcome: Outcome, errors: string[]): T {
  errors.push(...outcome.errors);
  if (outcome.error !== undefined) throw new Error(`in ${browser}: ${outcome.error}`);
  return JSON.parse(outcome.value!) as T;
}
