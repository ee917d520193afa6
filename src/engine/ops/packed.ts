/** A matrix that product after product reads as B, kept packed for as long as it stands still. */
import { EngineError } from '../../errors.js';
import type { Arena, Tensor } from '../tensor.js';

/** Columns to which the panels are rounded up. */
const COLUMNS = 16;

/**
 * Products pack B each time, which is lost where B is the same as before. The second product that finds a matrix [K, N] unchanged packs
 * it whole, and those that follow read that, to the same bits. So a matrix that changes after every product, as weights do in
 * training, is never packed whole, and takes no memory for it. Whether it changed is seen by `Tensor.version`.
 */
export class PackedMatrix {
  readonly matrix: Tensor;
  readonly #arena: Arena;
  #panels: Tensor | undefined;
  #hasRoom = true;
  /** Versions of the matrix: when it was last asked for, and of what is packed. */
  #seen = -1;
  #packed = -1;

  /** Panels are placed in `arena`, the one of the matrix, when they are first wanted. */
  constructor(arena: Arena, matrix: Tensor) {
    this.#arena = arena;
    this.matrix = matrix;
  }

  /** The pointer to the matrix as `pack_b` leaves it, or 0: multiply by the matrix itself. */
  panels(): number {
    const { version } = this.matrix;
    if (version !== this.#packed) {
      if (version !== this.#seen) {
        this.#seen = version;
        return 0;
      }
      if (!this.#panels && !this.#place()) return 0;
      this.#pack();
      this.#packed = version;
    }
    return this.#panels!.pointer;
  }

  #pack(): void {
    const { engine, pointer, ld, columns, rows } = this.matrix;
    engine.kernels.pack_b(this.#panels!.pointer, pointer, ld, columns, rows, engine.wide);
  }

  /** Whether there is room. Without it products do what they did before. */
  #place(): boolean {
    if (!this.#hasRoom) return false;
    const { rows, columns } = this.matrix;
    try {
      this.#panels = this.#arena.tensor('float', [rows * Math.ceil(columns / COLUMNS) * COLUMNS]);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#hasRoom = false;
    }
    return this.#hasRoom;
  }
}
