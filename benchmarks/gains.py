"""What really helps a recommender: an ensemble, one that learned from it, attributes.

    python -m benchmarks.gains LOG --out DIR [--attributes FILE] [--recommender NAME]
                               [--seeds N ...] [--set PARAMETERS] [--only MODEL ...]

The models of each seed, all with the same parameters:

- ``plain``: the recommender;
- ``ensemble``: four of it that differ in the seed, ``plain`` among them;
- ``distilled``: one that learned from that ensemble;
- with attributes: ``plain + attributes``, ``ensemble + attributes`` and ``distilled +
  attributes``, the same with item attributes.

The split is leave-last-out. DIR keeps models and results; the same command goes on
where it stopped. The report compares all with the first model.
"""

import argparse
from pathlib import Path

import joblib
from sklearn.frozen import FrozenEstimator

from benchmarks.defaults import parameters
from skdiffuasr.cli.side_information import read_attributes
from skdiffuasr.datasets import read_interactions
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import DistilledRecommender, EnsembleRecommender
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.study.report import write_report
from skdiffuasr.study.results import RunRecord, StudyResults
from skdiffuasr.study.runs import train_and_rank
from skdiffuasr.study.store import StudyStore
from skdiffuasr.utils import all_estimators

N_MEMBERS = 4
MODELS = ("plain", "ensemble", "distilled")


class Gains:
    """The models on one log; each is trained once and kept."""

    def __init__(self, data, folder, recommender_class, settings):
        self.data = data
        self.folder = folder
        self.recommender_class = recommender_class
        self.settings = settings
        self.key = joblib.hash((settings, recommender_class.__name__))
        self.store = StudyStore(folder, joblib.hash(data))
        (folder / "models").mkdir(exist_ok=True)

    def record(self, name, seed, attributes):
        """Return the run of a model, from disk or made now."""
        found = self.store.record(self.key, name, seed)
        if found is None:
            found = RunRecord("none", name, seed, **self._run(name, seed, attributes))
            self.store.add_record(found, self.key, name, seed)
            print(name, seed, f"validation {found.validation_score:.4f}", flush=True)
        return found

    def _run(self, name, seed, attributes):
        model = name.split()[0]
        if model == "plain":
            return self._member(0, seed, attributes)[1]
        members, fields = zip(
            *(self._member(number, seed, attributes) for number in range(N_MEMBERS)),
            strict=True,
        )
        teacher = EnsembleRecommender(
            [(f"member{i}", FrozenEstimator(each)) for i, each in enumerate(members)]
        ).fit(self.data.X_train)
        recommender = teacher
        if model == "distilled":
            student = self._recommender(seed, attributes)
            recommender = DistilledRecommender(student, FrozenEstimator(teacher))
        found = self._measured(recommender)
        for of_member in fields:  # trained for this model, if not at this moment
            seconds = of_member["seconds"]["fit recommender"]
            found["seconds"]["fit recommender"] += seconds
        return found

    def _member(self, number, seed, attributes):
        """Return a trained recommender and the fields of its run."""
        kind = "attributes" if attributes else "ids"
        name = f"{kind}-{seed}-{number}-{self.key[:8]}.safetensors"
        path = self.folder / "models" / name
        path_of_run = path.with_suffix(".run")
        if path_of_run.exists():
            return load(path), joblib.load(path_of_run)
        recommender = self._recommender(N_MEMBERS * (seed + 1) + number, attributes)
        run = self._measured(recommender)
        save(recommender, path, overwrite=True)
        joblib.dump(run, path_of_run)
        return recommender, run

    def _recommender(self, seed, attributes):
        return self.recommender_class(
            **{
                "max_length": 50,
                "patience": 5,
                "random_state": seed,
                "item_attributes": attributes,
                **self.settings,
            }
        )

    def _measured(self, recommender):
        filter_seen = not self.data.has_repeats
        return train_and_rank(
            self.data, Costs(), recommender, None, filter_seen=filter_seen
        )


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
    parser.add_argument("--only", nargs="+", metavar="MODEL")
    options = parser.parse_args()
    names, attributes = list(MODELS), None
    if options.attributes is not None:
        attributes = read_attributes(options.attributes, are_integers=True)
        names += [f"{name} + attributes" for name in MODELS]
    data = leave_last_out_data(read_interactions(options.log))
    gains = Gains(
        data,
        options.out,
        recommenders[options.recommender],
        parameters(options.set),
    )
    records = []
    for seed in options.seeds:
        for name in options.only or names:
            given = attributes if name.endswith("attributes") else None
            records.append(gains.record(name, seed, given))
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
