/** Where the part's worker begins; what it does is in work.ts. */
import { begin } from '../../../../src/trainer/begin.js';

begin(async () => (await import('./work.js')).work());
