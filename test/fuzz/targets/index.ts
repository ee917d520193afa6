/** All targets, and how they are drawn. */

import { arrayFiles } from '../files/arrays.js';
import { bodyFiles } from '../files/bodies.js';
import { modelFiles } from '../files/models.js';
import { pictureFiles } from '../files/pictures.js';
import { runFiles } from '../files/runs.js';
import { tableFiles } from '../files/tables.js';
import type { Random } from '../random.js';
import { fileTarget, type Target } from '../target.js';
import { folderTargets } from './folders.js';
import { type Call, callTarget } from './functions.js';
import { imageTargets } from './images.js';
import { mainFunctions } from './main-functions.js';
import { methodTargets } from './methods.js';
import { modelTargets } from './models.js';
import { nodeFunctions } from './node-functions.js';
import { onnxGraphTarget, onnxTarget, onnxWriteTarget } from './onnx.js';
import { assignmentFunctions, referenceFunctions, trainerFunctions } from './other-functions.js';
import { severalTargets } from './several.js';
import { tableFunctions } from './table-functions.js';
import { tableTargets } from './tables.js';

/** By the module that exports them, under its name within `src`. */
export const functionsOf: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  index: mainFunctions,
  tables: tableFunctions,
  node: nodeFunctions,
  'trainer/index': trainerFunctions,
  reference: referenceFunctions,
  'assignment/index': assignmentFunctions,
};

const files = [...arrayFiles, ...tableFiles, ...modelFiles, ...pictureFiles, ...runFiles, ...bodyFiles];

const targets: readonly Target[] = [
  ...files.map(fileTarget),
  ...tableTargets,
  ...modelTargets,
  onnxTarget,
  onnxGraphTarget,
  onnxWriteTarget,
  ...folderTargets,
  ...imageTargets,
  ...methodTargets,
  ...severalTargets,
  ...Object.entries(functionsOf).flatMap(([module, functions]) =>
    Object.entries(functions).map(([name, call]) =>
      callTarget(module === 'index' ? `${name}()` : `${name}() of ${module}`, call),
    ),
  ),
];

/** Targets whose names hold `part`, or one of several with | between them, by weight. Throws when there is none. */
export function chooser(part = ''): (r: Random) => Target {
  const chosen = targets.filter(({ name }) => part.split('|').some((own) => name.includes(own)));
  if (chosen.length === 0) throw new Error(`no target's name holds "${part}"`);
  const total = chosen.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return (r) => {
    let left = r.next() * total;
    for (const target of chosen) {
      left -= target.weight ?? 1;
      if (left < 0) return target;
    }
    return chosen[chosen.length - 1];
  };
}

/** The target of this very name. */
export function targetCalled(name: string): Target | undefined {
  return targets.find((target) => target.name === name);
}
