/** Why a graph is no list of layers: it may be read in another way. */
import { FormatError } from '../../base/errors.js';

export class Unlike extends FormatError {}
