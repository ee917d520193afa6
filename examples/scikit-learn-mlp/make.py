"""Makes iris.onnx, new-rows.csv and test-rows.csv: a StandardScaler and an MLPClassifier, trained on few rows.

Real files come from skl2onnx: `onx = skl2onnx.to_onnx(pipeline, X, options={"zipmap": False})`. It is no package of
Debian's, so this script, which needs python3-sklearn and python3-onnx alone, lays the same pipeline out as skl2onnx
does: the same operators, names, shapes and types, the label beside the probabilities. Training, and the numbers, are
scikit-learn's own.
"""
import csv

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

iris = load_iris()
names = iris.target_names.astype(str)
rows = np.random.default_rng(3).permutation(len(iris.data))
# Twelve rows are what there was when the classifier was made; the rest came in later.
known, new, test = rows[:12], rows[12:90], rows[90:]
pipeline = make_pipeline(
    StandardScaler(), MLPClassifier((8,), activation="tanh", max_iter=150, learning_rate_init=0.01, random_state=0)
)
pipeline.fit(iris.data[known], names[iris.target[known]])
print("right of the rows that it has never seen:", pipeline.score(iris.data[test], names[iris.target[test]]))

for file, part in (("new-rows.csv", new), ("test-rows.csv", test)):
    with open(file, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["sepal_length", "sepal_width", "petal_length", "petal_width", "species"])
        for row in part:
            writer.writerow([*iris.data[row], names[iris.target[row]]])

scaler, network = pipeline.named_steps["standardscaler"], pipeline.named_steps["mlpclassifier"]
initializers, nodes = [], []


def constant(name, values):
    initializers.append(numpy_helper.from_array(np.asarray(values), name))
    return name


def node(kind, inputs, output, name, domain="", **attributes):
    nodes.append(helper.make_node(kind, inputs, [output], name, domain=domain, **attributes))
    return output


ML = "ai.onnx.ml"
x = node("Scaler", ["X"], "variable", "Scaler", ML,
         offset=scaler.mean_.astype(np.float32), scale=(1 / scaler.scale_).astype(np.float32))
x = node("Cast", [x], "cast_input", "Cast", to=TensorProto.FLOAT)
for i, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_)):
    end = str(i) if i else ""
    weight = constant(f"coefficient{end}", weight.astype(np.float32))
    bias = constant(f"intercepts{end}", bias[None].astype(np.float32))
    x = node("MatMul", [x, weight], f"mul_result{end}", f"MatMul{end}")
    x = node("Add", [x, bias], f"add_result{end}", f"Add{end}")
    if i + 1 < len(network.coefs_):
        x = node("Tanh", [x], f"next_activations{end}", f"Tanh{end}")
x = node("Softmax", [x], "out_activations_result", "Tanh1", axis=1)
x = node("Identity", [x], "probabilities", "Identity")
best = node("ArgMax", [x], "argmax_output", "ArgMax", axis=1)
initializers.append(helper.make_tensor("classes", TensorProto.STRING, [3], [name.encode() for name in network.classes_]))
label = node("ArrayFeatureExtractor", ["classes", best], "array_feature_extractor_result", "ArrayFeatureExtractor", ML)
node("Reshape", [label, constant("shape_tensor", np.array([-1], np.int64))], "label", "Reshape")

graph = helper.make_graph(
    nodes, "iris",
    [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 4])],
    [helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
     helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])],
    initializers,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid(ML, 1)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "iris.onnx")
