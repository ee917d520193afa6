/** One question at a time; of those that come meanwhile, the last one counts. */
export class Latest {
  readonly #ask: () => Promise<void>;
  #asking = false;
  #again = false;

  /** `ask` may fail: the trainer that it asks may be replaced meanwhile, and the next one is asked again. */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  async run(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    do {
      this.#again = false;
      await this.#ask().catch(() => {});
    } while (this.#again);
    this.#asking = false;
  }
}
