/** Before every test file: property tests draw the same cases each time; FC_SEED gives others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) });
