/** A matrix that product after product reads as B, kept packed for as long as it stands still. */
import type { Arena, Tensor } from '../engine/tensor.js';

/** Columns to which the panels are rounded up. */
const COLUMNS = 16;

/**
 * Products pack B each time, which is lost where B is the same as before. The second product that finds a
 * matrix [K, N] unchanged packs it whole, and those that follow read that, to the same bits. So a matrix that
 * changes after every product, as weights do in training, is never packed whole. Whether it changed is seen
 * by `Tensor.version`.
 */
export class PackedMatrix {
  readonly matrix: Tensor;
  readonly #arena: Arena;
  #panels: Tensor | undefined;
  /** Versions of the matrix: when it was last asked for, and of what is packed. */
  #seen = -1;
  #packed = -1;

  /** Takes no memory yet. */
  constructor(arena: Arena, matrix: Tensor) {
    this.#arena = arena;
    this.matrix = matrix;
  }

  /**
   * Takes the memory, once: products do it when they are prepared, so that none of them does when it runs.
   */
  reserve(): void {
    const { rows, columns } = this.matrix;
    this.#panels ??= this.#arena.tensor('float', [rows * Math.ceil(columns / COLUMNS) * COLUMNS]);
  }

  /**
   * The pointer to the matrix as `pack_b` leaves it, or 0: multiply by the matrix itself. After `reserve`.
   */
  panels(): number {
    const { version, engine, pointer, ld, columns, rows } = this.matrix;
    const panels = this.#panels;
    if (!panels) return 0;
    if (version !== this.#packed) {
      if (version !== this.#seen) {
        this.#seen = version;
        return 0;
      }
      engine.kernels.pack_b(panels.pointer, pointer, ld, columns, rows, engine.wide);
      this.#packed = version;
    }
    return panels.pointer;
  }
}
