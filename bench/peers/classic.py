"""scikit-learn on one split a line: {"train": {"x": rows, "y": …}, "test": …, "regression": bool, "seed": n} gives {"score": accuracy or R²}."""

import json
import sys

try:
    import sklearn
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    print(json.dumps({"missing": True, "error": str(error)}), flush=True)
    sys.exit(0)

print(json.dumps({"ready": True, "version": sklearn.__version__}), flush=True)
for line in sys.stdin:
    if line == "quit\n":
        break
    split = json.loads(line)
    if split["regression"]:
        model = make_pipeline(
            StandardScaler(),
            TransformedTargetRegressor(MLPRegressor(random_state=split["seed"]), transformer=StandardScaler()),
        )
    else:
        model = make_pipeline(StandardScaler(), MLPClassifier(random_state=split["seed"]))
    model.fit(split["train"]["x"], split["train"]["y"])
    print(json.dumps({"score": model.score(split["test"]["x"], split["test"]["y"])}), flush=True)
