/**
 * node train-node.mjs IMAGES LABELS OPTIONS: trains as the pages do, and prints what became of the weights.
 */
import { readFileSync } from 'node:fs';
import { train } from './train.js';

const [images, labels, options] = process.argv.slice(2);
/** @param {string} file */
const read = (file) => new Uint8Array(readFileSync(file));
console.log(JSON.stringify(await train(read(images), read(labels), JSON.parse(options))));
