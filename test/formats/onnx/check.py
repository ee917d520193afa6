"""ONNX's own rules for the files of a folder: /usr/bin/python3 test/formats/onnx/check.py folder

The checker with shapes inferred strictly; a line of JSON a file: {"file", "error"}, error null where none.
The last line has the newest operator set that this ONNX knows: {"opset"}.
"""

import json
import sys
from pathlib import Path

import onnx

for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    error = None
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        for before, after in zip(model.graph.output, inferred.graph.output):
            if before != after:
                raise ValueError(f"output {before.name}: its shape is inferred to be another")
    except Exception as problem:  # of any kind: it is reported
        error = f"{type(problem).__name__}: {problem}"
    print(json.dumps({"file": path.name, "error": error}))
print(json.dumps({"opset": onnx.defs.onnx_opset_version()}))
