"""Make the stored models of a format version, with what they give.

Run once for each format version, from the root of the repository::

    python -m tests.persistence.make_fixtures

What is there is never overwritten: every later version of the library must load it.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    RandomAugmenter,
    S3RecEstimator,
    SASRecEstimator,
    Sequences,
)
from skdiffuasr.augmentation.diffusion import (
    CooccurrenceEmbeddings,
    LinearSchedule,
    SUNet,
)
from skdiffuasr.persistence import save
from skdiffuasr.persistence.classes import SPARSE_CLASSES
from skdiffuasr.persistence.model_file import FORMAT_VERSION
from skdiffuasr.sequences import SequenceVariants

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
DTYPES += ["uint64", "float16", "float32", "float64"]
FOLDER = Path(__file__).parent / "fixtures"
X_TEST = [["d", "e"], ["b"], ["nobody knows this", "f", "a"], ["h", "g", "f", "e"]]


def make_models():
    """Return fitted models of every kind by name."""
    items = "abcdefgh"
    histories = [
        [items[(start + step) % 8] for step in range(length)]
        for start in range(8)
        for length in (3, 4, 5, 6, 3, 6)
    ]
    settings = {
        "embedding_dim": 4,
        "learning_rate": 0.03,
        "dropout": 0.1,
        "device": "cpu",
        "random_state": 0,
    }
    network = settings | {
        "max_epochs": 40,
        "n_layers": 1,
        "max_length": 6,
        "early_stopping": False,
    }
    attributes = {item: {"vowel"} if item in "ae" else set() for item in "abcdefghi"}
    random = RandomAugmenter(2, distribution="popularity", random_state=1)
    models = {
        "diffusion": DiffusionSequenceAugmenter(
            n_pseudo_items=2,
            denoiser=SUNet(base_channels=8, n_res_blocks=1),
            schedule=LinearSchedule(n_timesteps=np.int64(10)),
            item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
            guidance_scale=np.float64(0.5),
            learning_rate=0.03,
            max_epochs=5,
            device="cpu",
            random_state=0,
        ),
        "markov": MarkovRecommender(),
        "pipeline": Pipeline([("aug", random), ("rec", MarkovRecommender())]),
        "s3rec": S3RecEstimator(
            item_attributes=attributes, pretraining_epochs=1, **network
        ),
        "s3rec_matrix": S3RecEstimator(
            item_attributes=sparse.csr_array(np.eye(8)[:, :3]),
            pretraining_epochs=1,
            **network,
        ),
        "sasrec": SASRecEstimator(**network),
    }
    fitted = {name: model.fit(histories) for name, model in models.items()}
    return fitted | {"every_type": S3RecEstimator(item_attributes=every_type())}


def every_type():
    """Return a value of every type that can be stored, by its name."""
    dense = np.array([[0, 2, 0], [1, 0, 0]], dtype=np.float32)
    rows = Sequences([3, 1, 4], [0, 2, 3], [5, 6, 2], ["u", "v"])
    values = {
        "none": None,
        "bools": [True, False],
        "ints": [0, -1, 10**30],
        "floats": [0.1, -0.0, 1e300, float("nan"), float("inf"), -float("inf")],
        "strings": ["", "é", "\ud800", '"\n'],
        "tuples": ((), (1, (2,))),
        "sets": [set(), {1, 2}, frozenset({"a"})],
        "dict": {1: "int", "1": "str", (1, "a"): "tuple", None: {}},
        "scalars": [np.str_("a"), *(np.dtype(name).type(1) for name in DTYPES)],
        "arrays": [np.array([[0, 1]], dtype=name) for name in DTYPES],
        "array without axes": np.array(1.5),
        "array without entries": np.empty((2, 0)),
        "array of strings": np.array([["a", ""], ["é", "abc"]]),
        "sequences": rows,
        "variants": SequenceVariants([rows, rows.drop_last()]),
    }
    return values | {name: cls(dense) for name, cls in SPARSE_CLASSES.items()}


def digests(model):
    """Return hashes of the fitted arrays, whose bits no other machine changes."""
    if isinstance(model, Pipeline):
        return {name: digests(step) for name, step in model.steps}
    arrays = {}
    for name, value in vars(model).items():
        if isinstance(value, dict) and name.endswith("_"):
            arrays |= {
                f"{name}.{key}": array
                for key, array in value.items()
                if isinstance(array, np.ndarray)
            }
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        elif sparse.issparse(value):
            arrays[name] = value.toarray()
    return {
        name: hashlib.sha256(array.tobytes()).hexdigest()
        for name, array in arrays.items()
    }


def outputs(model):
    """Return what the model makes of `X_TEST`, if it is fitted."""
    if not hasattr(model, "steps") and not hasattr(model, "item_ids_"):
        return {}
    if hasattr(model, "generate"):
        return {"generate": model.generate(X_TEST).tolist()}
    return {
        "decision_function": model.decision_function(X_TEST).tolist(),
        "predict": model.predict(X_TEST).tolist(),
    }


def main():
    """Write the files."""
    folder = FOLDER / f"version_{FORMAT_VERSION}"
    folder.mkdir(parents=True)
    for name, model in make_models().items():
        save(model, folder / f"{name}.safetensors")
        expected = {"digests": digests(model), "outputs": outputs(model)}
        text = json.dumps(expected, indent=1) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
