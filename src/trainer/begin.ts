/**
 * How a worker's script begins. WebKit runs that script once more when something that it loads imports from it,
 * as the chunks of bundlers do with what they share: there would be two of every class, and two would answer.
 * So the script holds nothing that anything else wants, and loads the rest.
 */

/** Of Trusted Types, what is used here; not every browser has them. */
interface TrustedTypes {
  readonly defaultPolicy: object | null;
  createPolicy(name: 'default', rules: { createScriptURL(address: string): string | undefined }): unknown;
}

/**
 * Where a page's policy asks for trusted types, those of its workers ask for them too: what starts threads in
 * this one may do so with scripts of its own origin. Where that is not allowed there is one thread.
 */
function trustOwnScripts(): void {
  const { trustedTypes: types } = globalThis as { trustedTypes?: TrustedTypes };
  if (!types || types.defaultPolicy || !globalThis.crossOriginIsolated) return;
  const createScriptURL = (address: string) =>
    new URL(address, location.href).origin === location.origin ? address : undefined;
  try {
    types.createPolicy('default', { createScriptURL });
  } catch {
    // The policy does not allow one of this name.
  }
}

/** Loads and starts what listens. What is said to the worker until then it hears afterwards. */
export function begin(load: () => Promise<void>): void {
  trustOwnScripts();
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
