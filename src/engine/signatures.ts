/**
 * How an operation states its kernels, once: src/ops/X.ts has a `signatures` with a line for each. The build
 * (assembly/signatures.mjs) holds them against the AssemblyScript and writes from them the exports of the
 * binaries, how threads cut a call, and the type `Kernels` with the comment that stands above the line.
 *
 *   'losses: out each, dx: out rows, lddx, x: in rows, ldx, labels: in each i32, M: cut, N: across, scale: f32; 1.2 ns'
 *
 * Arguments in their order. Pointers say what they point to: `out`, `inout`, `in`, `saved` (for backward by
 * forward) or `scratch`; floats, or `i32`, `u32`, `u16`, `u8`, `f64`. Numbers are i32 unless it says `u32`,
 * `f32` or `f64`. What follows the semicolon:
 *
 *   returns T   what the kernel returns
 *   C ns        threads cut a call along one axis; an element costs about C nanoseconds. The number that is cut is `cut`, and the other
 *               sides `across`. Of what moves along, pointers move by elements or columns (`each`) or by rows (`rows`; their leading
 *               dimension, or stride along the first axis, follows), and numbers say `first`. Scratch space that does not move is each
 *               thread's own, 4096 bytes.
 *   job         threads cut it otherwise: see engine/threads/kernels.ts and assembly/threads/jobs.ts
 *   part        a part of a kernel, which threads alone call: a job, and no kernel of its own
 */
export type Signatures = Readonly<Record<string, string>>;
