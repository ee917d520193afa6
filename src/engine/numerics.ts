/**
 * The version of the numerics contract (docs/numerics.md): the same version, the same bits. It stands in
 * models, checkpoints and `engine.info`. Who changes a bit of any operation raises it, and writes a line in
 * CHANGELOG.md; test/golden holds both together.
 */
export const numericsVersion = 1;
