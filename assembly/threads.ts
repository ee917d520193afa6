/** The exported kernels of the binaries with threads: all others, and the pool's own. Memory is shared there. */
export * from './index';
export { pool_run, pool_stop, pool_wait, thread_main } from './threads/pool';
