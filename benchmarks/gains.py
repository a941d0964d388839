"""What really helps a recommender: neighbours, an ensemble, distillation, attributes.

    python -m benchmarks.gains LOG --out DIR [--attributes FILE] [--recommender NAME]
                               [--seeds N ...] [--only MODEL ...]
                               [--set PARAMETERS] [--student PARAMETERS]

The models of each seed:

- ``co-occurrence``: a `CooccurrenceRecommender`, a baseline without a seed;
- ``plain``: the recommender; the others are compared with it;
- ``reppad``, ``diffusion``: the recommender behind these augmenters, the latter with
  five pseudo items, eight variants in training and four in prediction;
- ``plain + co-occurrence``: the average of the two, the latter with weight 0.4;
- ``ensemble``: the plain recommenders of four other seeds;
- ``ensemble + co-occurrence``: these, and the latter with weight 0.4;
- ``distilled``: one that learned from ``ensemble + co-occurrence``;
- ``distilled + co-occurrence``: that one and the latter averaged;
- ``plain + attributes``, ``ensemble + attributes``, ``distilled + attributes``.

The seeds share a pool of at least five plain recommenders, so that ensembles of
different seeds have members in common: the intervals over seeds are too narrow for
these. The parameters are the same for all, but those that ``--student`` gives to the
distilled. The split is leave-last-out. DIR keeps models and results; the same command
goes on where it stopped.
"""

import argparse
from pathlib import Path

import joblib
from sklearn.frozen import FrozenEstimator

from benchmarks.defaults import parameters
from benchmarks.study import MAX_LENGTH, diffusion
from skdiffuasr.augmentation import RepeatedPaddingAugmenter
from skdiffuasr.cli.side_information import read_attributes
from skdiffuasr.datasets import read_interactions
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import (
    CooccurrenceRecommender,
    DistilledRecommender,
    EnsembleRecommender,
)
from skdiffuasr.recommenders.distilled import COOCCURRENCE_WEIGHT
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.study.report import write_report
from skdiffuasr.study.results import RunRecord, StudyResults
from skdiffuasr.study.runs import augment, train_and_rank, with_parameters
from skdiffuasr.study.store import StudyStore
from skdiffuasr.utils import all_estimators

N_MEMBERS = 4
STUDENT = "embedding_dim=128,dropout=0.2"
AUGMENTERS = {
    "reppad": RepeatedPaddingAugmenter(max_length=MAX_LENGTH),
    "diffusion": diffusion(5, n_variants=8, n_prediction_variants=4),
}
MODELS = (
    "plain",
    "co-occurrence",
    *AUGMENTERS,
    "plain + co-occurrence",
    "ensemble",
    "ensemble + co-occurrence",
    "distilled",
    "distilled + co-occurrence",
)
WITH_ATTRIBUTES = (
    "plain + attributes",
    "ensemble + attributes",
    "distilled + attributes",
)


class Gains:
    """The models on one log; each is trained once and kept."""

    def __init__(
        self, data, folder, recommender_class, settings, student, n_pool, attributes
    ):
        self.data = data
        self.folder = folder
        self.recommender_class = recommender_class
        self.settings = settings
        self.student = student
        self.n_pool = n_pool
        self.attributes = attributes
        self.store = StudyStore(folder, {"training data": joblib.hash(data)})
        (folder / "models").mkdir(exist_ok=True)

    def record(self, name, seed):
        """Return the run of a model, from disk or made now."""
        kind = self.recommender_class.__name__
        key = joblib.hash((kind, self.settings, self.student, self.n_pool))
        found = self.store.record(key, name, seed)
        if found is None:
            found = RunRecord("none", name, seed, **self._run(name, seed))
            self.store.add_record(found, key, name, seed)
            print(name, seed, f"validation {found.validation_score:.4f}", flush=True)
        return found

    def _run(self, name, seed):
        first, *others = name.split(" + ")
        if first in AUGMENTERS:
            augmenter = with_parameters(AUGMENTERS[first], seed, {})
            data, costs = augment(self.data, augmenter)
            return self._measured(self._recommender(seed, {}), data, costs)
        if first == "co-occurrence":
            return self._measured(CooccurrenceRecommender())
        with_attributes = "attributes" in others
        return self._made(first, seed, with_attributes, "co-occurrence" in others)[1]

    def _made(self, name, seed, with_attributes, with_neighbours):
        """Return a fitted recommender and its run."""
        if name == "ensemble":
            numbers = [(seed + i) % self.n_pool for i in range(1, N_MEMBERS + 1)]
            made = [self._kept("plain", each, with_attributes) for each in numbers]
        else:
            made = [self._kept(name, seed, with_attributes)]
        members, runs = zip(*made, strict=True)
        if with_neighbours:
            weights = (*[1 / len(members)] * len(members), COOCCURRENCE_WEIGHT)
            recommender = ensemble([*members, CooccurrenceRecommender()], weights)
        elif len(members) == 1:
            return made[0]
        else:
            recommender = ensemble(members)
        recommender.fit(self.data.X_train)
        return recommender, with_costs(self._measured(recommender), runs)

    def _kept(self, name, seed, with_attributes):
        """Return one trained recommender and the its run, from disk or made now."""
        settings = self.settings if name == "plain" else (self.settings, self.student)
        key = joblib.hash((self.recommender_class.__name__, settings))[:8]
        kind = "attributes" if with_attributes else "ids"
        path = self.folder / "models" / f"{name}-{kind}-{seed}-{key}.safetensors"
        path_of_run = path.with_suffix(".run")
        if path_of_run.exists():
            return load(path), joblib.load(path_of_run)
        given = {"item_attributes": self.attributes} if with_attributes else {}
        if name == "plain":
            recommender = self._recommender(seed, given)
            run = self._measured(recommender)
        else:
            teacher, run_of_teacher = self._made(
                "ensemble", seed, with_attributes, with_neighbours=True
            )
            student = self._recommender(seed, {**given, **self.student})
            recommender = DistilledRecommender(student, FrozenEstimator(teacher))
            run = with_costs(self._measured(recommender), [run_of_teacher])
        save(recommender, path, overwrite=True)
        joblib.dump(run, path_of_run)
        return recommender, run

    def _recommender(self, seed, given):
        common = {"max_length": MAX_LENGTH, "patience": 5, "random_state": seed}
        return self.recommender_class(**{**common, **self.settings, **given})

    def _measured(self, recommender, data=None, costs=None):
        return train_and_rank(
            data or self.data,
            costs or Costs(),
            recommender,
            None,
            filter_seen=not self.data.has_repeats,
        )


def with_costs(run, runs):
    """Add the seconds of what was trained for a run before."""
    for each in runs:
        run["seconds"]["fit recommender"] += each["seconds"]["fit recommender"]
    return run


def ensemble(members, weights=None):
    """Average recommenders; the fitted ones are not trained again."""
    named = [
        (f"member{i}", FrozenEstimator(each) if hasattr(each, "item_ids_") else each)
        for i, each in enumerate(members)
    ]
    return EnsembleRecommender(named, weights=weights)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    recommenders = dict(all_estimators("recommender"))
    parser.add_argument("log", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--attributes", type=Path)
    parser.add_argument(
        "--recommender", choices=sorted(recommenders), default="SASRecEstimator"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", default="default", metavar="PARAMETERS")
    parser.add_argument("--student", default=STUDENT, metavar="PARAMETERS")
    parser.add_argument("--only", nargs="+", metavar="MODEL")
    options = parser.parse_args()
    names, attributes = MODELS, None
    if options.attributes is not None:
        attributes = read_attributes(options.attributes, are_integers=True)
        names += WITH_ATTRIBUTES
    data = leave_last_out_data(read_interactions(options.log))
    gains = Gains(
        data,
        options.out,
        recommenders[options.recommender],
        parameters(options.set),
        parameters(options.student),
        max(N_MEMBERS, *options.seeds) + 1,
        attributes,
    )
    records = []
    for seed in options.seeds:
        for name in options.only or names:
            records.append(gains.record(name, seed))
            results = StudyResults(
                dataset_name=options.log.name,
                description={"protocol": "leave_last_out", **data.description},
                groups=data.groups((5, 20), (0.2,)),
                main_ranking="full" if data.has_repeats else "filtered",
                records=tuple(records),
            )
            write_report(results, options.out)


if __name__ == "__main__":
    main()
