/** What a model is made of, as a checkpoint holds it. */

/** Named values: those of parameters, or of states. */
export type Values = ReadonlyMap<string, Float32Array>;

/** Parameters, and buffers such as running statistics. */
export interface Snapshot {
  readonly parameters: Values;
  readonly state: Values;
}
