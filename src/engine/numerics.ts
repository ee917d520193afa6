/**
 * The version of the numerics contract (docs/numerics.md): the same version, the same bits. It stands in
 * models, checkpoints and `engine.info`. Who changes a bit of any operation raises it, and writes a line in
 * CHANGELOG.md; test/golden holds both together.
 */
export const numericsVersion: number = 1;

/**
 * Its key in the metadata of a model's or a checkpoint's file, apart from all else: versions of lanegrad that
 * do not know of it read the file all the same. Without it a file is of version 1.
 */
export const numericsKey = 'lanegrad.numerics';
