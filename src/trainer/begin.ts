/**
 * How a worker's script begins. WebKit runs that script once more when something that it loads imports from it,
 * as the chunks of bundlers do with what they share: there would be two of every class, and two would answer.
 * So the script holds nothing that anything else wants, and loads the rest.
 */

/** Loads and starts what listens. What is said to the worker until then it hears afterwards. */
export function begin(load: () => Promise<void>): void {
  const early: MessageEvent[] = [];
  const keep = (event: MessageEvent) => void early.push(event);
  // In Node messages wait for the first listener of their port, and there is no such function.
  globalThis.addEventListener?.('message', keep);
  load().then(
    () => {
      globalThis.removeEventListener?.('message', keep);
      for (const { data } of early) globalThis.dispatchEvent(new MessageEvent('message', { data }));
    },
    (error: unknown) => {
      // As an exception that nobody catches it is told to whoever started the worker.
      setTimeout(() => {
        throw error;
      });
    },
  );
}
