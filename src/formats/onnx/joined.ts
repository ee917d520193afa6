/** A file with one node for what it writes as several: what the reader of layers is given. */
import type { Fail } from '../protobuf.js';
import { joinComposed } from './composed.js';
import { joinEmbeddings } from './embeddings.js';
import { NodeIndex } from './node-index.js';
import type { OnnxModel } from './proto.js';

export function joined(onnx: OnnxModel, fail: Fail): OnnxModel {
  const index = new NodeIndex(onnx, fail);
  if (!index.isSound) return onnx;
  joinComposed(index);
  joinEmbeddings(index);
  return index.result();
}
