import csv
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    RandomAugmenter,
    RandomSequenceAugmenter,
    SASRecEstimator,
)
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.augmentation.diffusion import DDIM, SUNet
from skdiffuasr.datasets import Interactions, make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.study import AugmentationStudy
from skdiffuasr.study.settings import OtherSettingsError

X = make_sequences(n_users=150, n_items=60, random_state=0).X
SASREC = SASRecEstimator(
    embedding_dim=4,
    n_layers=1,
    max_length=10,
    max_epochs=2,
    batch_size=32,
    device="cpu",
)
OWN = RandomSequenceAugmenter(3)


class Broken(BaseAugmenter):
    """Raises for one seed."""

    _parameter_constraints: dict = {}

    def __init__(self, random_state=None):
        self.random_state = random_state

    _generate = None

    def fit(self, X, y=None):
        if self.random_state == 1:
            raise RuntimeError("no such luck")
        self.inner_ = RandomSequenceAugmenter(2, random_state=0).fit(X)
        return self

    def transform(self, X):
        return self.inner_.transform(X)

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X)


class Spy(BaseEstimator):
    """Remembers all items that `fit` was given."""

    def __init__(self, seen):
        self.seen = seen

    def fit(self, X, y=None):
        assert y is None
        self.seen.append(X)
        self.model_ = MarkovRecommender().fit(X)
        self.item_ids_ = self.model_.item_ids_
        return self

    def decision_function(self, X):
        return self.model_.decision_function(X)

    def __sklearn_clone__(self):
        return Spy(self.seen)


def study(**parameters):
    defaults = {
        "augmenters": {"own items": OWN},
        "recommenders": {"Markov": MarkovRecommender(), "SASRec": SASREC},
        "seeds": 2,
        "n_negatives": 10,
    }
    return AugmentationStudy(**{**defaults, **parameters})


def rows_of(folder, name="results.csv"):
    with (Path(folder) / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_all_combinations_are_run(tmp_path):
    results = study().run(X, tmp_path)
    found = [(r.augmenter, r.recommender, r.seed) for r in results.records]
    assert sorted(found) == sorted(
        (augmenter, recommender, seed)
        for augmenter in ("none", "own items")
        for recommender in ("Markov", "SASRec")
        for seed in (0, 1)
    )
    assert all(r.error is None for r in results.records)
    assert {row["augmenter"] for row in rows_of(tmp_path, "quality.csv")} == {
        "own items"
    }
    for name in ("report.md", "report.html", "runs.csv", "comparisons.csv"):
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("ranking", ["full", "filtered"])
def test_figures_are_those_of_a_fit_by_hand(tmp_path, ranking):
    study(augmenters={}, seeds=[5]).run(X, tmp_path)
    X_train, y_val, X_test, y_test = leave_last_out(X, short="drop")
    by_hand = SASRecEstimator(**SASREC.get_params()).set_params(
        random_state=5, validation_filter_seen=True
    )
    by_hand.fit(X_train, X_val=X_train, y_val=y_val)
    scorer = NextItemScorer(filter_seen=ranking == "filtered", length_bins=(5, 20))
    expected = scorer(by_hand, X_test, y_test)
    found = {
        (row["metric"], row["group_by"], row["group"]): float(row["value"])
        for row in rows_of(tmp_path)
        if row["recommender"] == "SASRec" and row["ranking"] == ranking
    }
    for metric in ("ndcg@10", "hr@10", "mrr"):
        assert found[metric, "all", "all"] == pytest.approx(expected[metric])


def test_users_who_come_back_to_an_item_are_a_group(tmp_path):
    # Every other user ends with the first item again.
    log = [
        [*range(user, user + 5), user if user % 2 else user + 5] for user in range(9)
    ]
    study = AugmentationStudy({}, {"Markov": MarkovRecommender()}, n_negatives=None)
    study.run(log, tmp_path / "repeats")
    n_users = {
        row["group"]: int(row["n_users"])
        for row in rows_of(tmp_path / "repeats")
        if row["group_by"] == "novelty"
    }
    assert n_users == {"new": 5, "repeated": 4}
    study.run([row[:-1] for row in log], tmp_path / "no repeats")
    groupings = {row["group_by"] for row in rows_of(tmp_path / "no repeats")}
    assert groupings == {"all", "length", "popularity"}


def test_nothing_held_out_reaches_fit(tmp_path):
    seen = []
    study(recommenders={"spy": Spy(seen)}, augmenters={}, seeds=1).run(X, tmp_path)
    (fitted_on,) = seen
    assert fitted_on == leave_last_out(X, short="drop")[0]


def test_a_second_run_only_reads(tmp_path):
    first = study().run(X, tmp_path)
    seen = []
    spied = {"Markov": MarkovRecommender(), "SASRec": SASREC}
    again = study(recommenders=spied).run(
        X, tmp_path, on_progress=lambda progress: seen.append(progress.label)
    )
    assert seen == ["done"]
    for one, other in zip(first.records, again.records, strict=True):
        assert one.seconds == other.seconds
        np.testing.assert_array_equal(one.ranks["full"], other.ranks["full"])


def test_a_study_can_grow(tmp_path):
    study(seeds=1).run(X, tmp_path)
    seen = []
    study(seeds=2).run(X, tmp_path, on_progress=lambda p: seen.append(p.label))
    assert len(seen) == 4 + 1
    assert all("seed1" in label for label in seen[:-1])


@pytest.mark.parametrize("seeds", [np.int64(2), np.arange(2), [np.int32(0), 1]])
def test_seeds_of_numpy_are_those_of_python(tmp_path, seeds):
    markov = {"Markov": MarkovRecommender()}
    study(seeds=2, recommenders=markov).run(X, tmp_path)
    labels = []
    again = study(seeds=seeds, recommenders=markov)
    results = again.run(X, tmp_path, on_progress=lambda p: labels.append(p.label))
    assert labels == ["done"]
    assert results.seeds == (0, 1)


def test_a_seed_is_an_integer():
    with pytest.raises(TypeError, match="seed must be an instance of"):
        study(seeds=[0.5])


def test_pseudo_items_of_the_log_do_not_count(tmp_path):
    markov = {"augmenters": {}, "recommenders": {"Markov": MarkovRecommender()}}
    log = make_sequences(n_users=150, n_items=60, random_state=0).X
    augmented = RandomSequenceAugmenter(8, random_state=0).fit_transform(log)
    expected = study(**markov, seeds=1).run(log, tmp_path / "plain")
    found = study(**markov, seeds=1).run(augmented, tmp_path / "augmented")
    assert found.description == expected.description
    assert found.main_ranking == expected.main_ranking == "filtered"
    for name, groups in expected.groups.items():
        np.testing.assert_array_equal(found.groups[name].codes, groups.codes)


def test_handling_does_not_redo_a_run(tmp_path):
    """Another place of the cache, or more to read, changes no result."""
    labels = []
    for memory, verbose in ((None, 0), (str(tmp_path / "cache"), 1)):
        augmenter = DiffusionSequenceAugmenter(
            1, denoiser=SUNet(n_res_blocks=1), sampler=DDIM(n_steps=2), max_epochs=1
        )
        study(
            augmenters={"diffusion": augmenter.set_params(memory=memory)},
            recommenders={"SASRec": clone(SASREC).set_params(verbose=verbose)},
            seeds=1,
        ).run(X, tmp_path / "out", on_progress=lambda p: labels.append(p.label))
        labels.append("next")
    assert labels == [
        "none + SASRec + seed0",
        "diffusion + SASRec + seed0",
        "quality of diffusion",
        "done",
        "next",
        "done",
        "next",
    ]


class Picky(MarkovRecommender):
    """Fails with one value of its parameter."""

    _parameter_constraints: dict = {"value": [int, dict]}

    def __init__(self, value=1):
        self.value = value
        self.smoothing = 1.0

    def fit(self, X, y=None):
        if self.value == 3:
            raise RuntimeError("no such value")
        self.model_ = MarkovRecommender().fit(X)
        self.item_ids_ = self.model_.item_ids_
        return self

    def decision_function(self, X):
        return self.model_.decision_function(X)


def test_a_candidate_that_fails_is_reported(tmp_path):
    results = study(
        augmenters={},
        recommenders={"picky": Picky()},
        seeds=1,
        param_distributions={"picky": {"value": [1, 3]}},
        n_candidates=2,
    ).run(X, tmp_path)
    assert [record.error for record in results.records] == [None]
    (failed,) = results.failures
    assert failed.parameters == {"recommender__value": 3}
    report = (tmp_path / "report.md").read_text()
    line = next(line for line in report.splitlines() if "no such value" in line)
    assert "candidate" in line
    assert "recommender\\_\\_value=3" in line
    errors = [row["error"] for row in rows_of(tmp_path, "candidates.csv")]
    assert sorted(errors) == ["", "RuntimeError: no such value"]


def test_candidates_may_be_mappings_of_anything(tmp_path):
    spaces = {"picky": {"value": [{(1, 2): 1}, {(2, 3): np.float64(2)}]}}
    results = study(
        augmenters={},
        recommenders={"picky": Picky()},
        seeds=1,
        param_distributions=spaces,
        n_candidates=2,
    ).run(X, tmp_path)
    assert not results.failures
    assert len(rows_of(tmp_path, "candidates.csv")) == 2


def test_no_candidates_no_file(tmp_path):
    study(augmenters={}, seeds=1).run(X, tmp_path)
    assert not (tmp_path / "candidates.csv").exists()


def test_an_augmenter_with_a_cache_is_named(tmp_path):
    cached = make_pipeline(OWN, memory=str(tmp_path / "cache"))
    results = study(augmenters={"cached": cached, "own items": OWN}, seeds=1).run(
        X, tmp_path / "out"
    )
    assert results.with_memory == ("cached",)


def test_pipelines_are_augmenters_and_recommenders(tmp_path):
    pipelines = {
        "augmenters": {"own items": make_pipeline(OWN)},
        "recommenders": {"SASRec": make_pipeline(OWN, SASREC)},
    }
    results = study(**pipelines).run(X, tmp_path)
    assert [record.error for record in results.records] == 4 * [None]
    assert {record.n_epochs for record in results.records} == {2}
    first, second = (r for r in results.records if r.augmenter == "own items")
    assert not np.array_equal(first.ranks["full"], second.ranks["full"])


def test_the_time_left_counts_an_augmenter_once(tmp_path):
    """Two recommenders shared it, and its quality is still to be measured."""
    first = study(seeds=1, with_quality=False).run(X, tmp_path)
    told = []
    study(seeds=1).run(X, tmp_path, on_progress=told.append)
    assert [progress[:3] for progress in told] == [
        (4, 5, "quality of own items"),
        (5, 5, "done"),
    ]
    seconds = [dict(record.seconds) for record in first.records]
    assert seconds[2]["fit augmenter"] == seconds[3].pop("fit augmenter") > 0
    assert seconds[2]["transform"] == seconds[3].pop("transform")
    total = sum(sum(steps.values()) for steps in seconds)
    assert told[0].seconds_left == pytest.approx(total / 4)


def test_other_parameters_are_refused_and_run_anew_if_forced(tmp_path):
    study(seeds=1).run(X, tmp_path)
    report = (tmp_path / "report.md").read_bytes()
    others = {"SASRec": clone(SASREC).set_params(dropout=0.1)}
    with pytest.raises(OtherSettingsError) as caught:
        study(seeds=1, recommenders=others).run(X, tmp_path)
    assert caught.value.differences == [
        ("recommenders", "", ["Markov", "SASRec"], ["SASRec"]),
        ("dropout", "SASRec", SASREC.dropout, 0.1),
    ]
    assert f"dropout of SASRec was {SASREC.dropout}, now 0.1" in str(caught.value)
    assert "The runs of SASRec would be done again" in str(caught.value)
    assert str(caught.value).endswith("with force=True.")
    assert (tmp_path / "report.md").read_bytes() == report
    seen = []
    study(seeds=1, recommenders=others).run(
        X, tmp_path, force=True, on_progress=lambda p: seen.append(p.label)
    )
    assert len(seen) == 2 + 1


@pytest.mark.parametrize(
    ("changed", "difference", "again"),
    [
        ({"n_negatives": 5}, "n_negatives was 10, now 5", "All runs"),
        ({"protocol": "temporal"}, "protocol was leave_last_out, now", "All runs"),
        ({"length_bins": (3,)}, "length_bins was [5, 20], now [3]", "No run"),
        ({"seeds": [1]}, "seeds was [0], now [1]", "chosen anew"),
        ({"seeds": [1, 0]}, "seeds was [0], now [1, 0]", "chosen anew"),
        ({"augmenters": {}}, 'was ["none", "own items"], now ["none"]', "No run"),
        (
            {"augmenters": {"own items": RandomSequenceAugmenter(2)}},
            "n_pseudo_items of own items was 3, now 2",
            "The runs of own items",
        ),
        (
            {"augmenters": {"own items": RandomAugmenter(3)}},
            "class of own items was RandomSequenceAugmenter, now RandomAugmenter",
            "The runs of own items",
        ),
        (
            {"augmenters": {"own items": make_pipeline(RandomSequenceAugmenter(2))}},
            "randomsequenceaugmenter__n_pseudo_items of own items was null, now 2",
            "The runs of own items",
        ),
    ],
)
def test_other_settings_are_named(tmp_path, changed, difference, again):
    log = Interactions(
        np.repeat(X.user_ids, X.lengths),
        X.values,
        np.concatenate([np.arange(length) for length in X.lengths]),
    )
    markov = {"recommenders": {"Markov": MarkovRecommender()}, "with_quality": False}
    study(seeds=1, **markov).run(log, tmp_path)
    with pytest.raises(OtherSettingsError, match=re.escape(difference)) as caught:
        study(**{"seeds": 1, **markov, **changed}).run(log, tmp_path)
    assert again in str(caught.value)


def test_a_study_grows_by_augmenters_and_recommenders(tmp_path):
    markov, labels = {"Markov": MarkovRecommender()}, []
    study(seeds=1, recommenders=markov, with_quality=False).run(X, tmp_path)
    study(
        seeds=1,
        augmenters={"new": RandomSequenceAugmenter(2), "own items": OWN},
        recommenders={"SASRec": SASREC, **markov},
        with_quality=False,
    ).run(X, tmp_path, on_progress=lambda p: labels.append(p.label))
    assert sorted(labels[:-1]) == [
        "new + Markov + seed0",
        "new + SASRec + seed0",
        "none + SASRec + seed0",
        "own items + SASRec + seed0",
    ]


def test_another_log_is_refused_and_run_anew_if_forced(tmp_path):
    one = study(seeds=1, augmenters={})
    one.run(X, tmp_path)
    with pytest.raises(
        OtherSettingsError, match=r"training data was 150 users.*now 100"
    ):
        one.run(X[:100], tmp_path)
    results = one.run(X[:100], tmp_path, force=True)
    assert {len(record.ranks["full"]) for record in results.records} == {100}


def test_a_failure_is_recorded_and_the_study_goes_on(tmp_path):
    broken = {"broken": Broken(), "own items": OWN}
    results = study(
        augmenters=broken, recommenders={"Markov": MarkovRecommender()}
    ).run(X, tmp_path)
    failed = [r for r in results.records if r.error]
    assert [(r.augmenter, r.seed) for r in failed] == [("broken", 1)]
    assert "Traceback" in failed[0].error
    assert "RuntimeError: no such luck" in failed[0].error
    assert len(results.records) == 6
    report = (tmp_path / "report.md").read_text()
    assert "no such luck" in report
    assert "no such luck" in (tmp_path / "report.html").read_text()


def test_failures_are_tried_again_if_asked(tmp_path):
    for retry_failed, n_labels in ((False, 6), (False, 0), (True, 1)):
        labels = []
        study(
            augmenters={"broken": Broken(), "own items": OWN},
            recommenders={"Markov": MarkovRecommender()},
            with_quality=False,
            retry_failed=retry_failed,
        ).run(X, tmp_path, on_progress=lambda p, labels=labels: labels.append(p.label))
        assert len(labels) == n_labels + 1


def test_a_failed_measurement_is_tried_again_if_asked(tmp_path):
    """No history is long enough to hide as many items as are generated."""
    labels = []
    for retry_failed in (False, False, True):
        results = study(
            augmenters={"own items": RandomSequenceAugmenter(1000)},
            recommenders={"Markov": MarkovRecommender()},
            retry_failed=retry_failed,
        ).run(X, tmp_path, on_progress=lambda p: labels.append(p.label))
        labels.append("next")
        assert "more than 1000 items" in results.quality[0]["error"]
    assert [label for label in labels if label.startswith(("quality", "next"))] == [
        "quality of own items",
        "next",
        "next",
        "quality of own items",
        "next",
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"augmenters": {"M<5": OWN, "M>5": OWN}},
        {"recommenders": {"M<5": MarkovRecommender(), "M>5": MarkovRecommender()}},
    ],
)
def test_names_that_would_share_a_file_are_refused(parameters):
    with pytest.raises(ValueError, match=r"M<5.* and .*M>5.* would share the file"):
        study(**parameters)


def test_every_combination_tries_as_many_parameters(tmp_path):
    results = study(
        recommenders={"SASRec": SASREC},
        param_distributions={
            "SASRec": {"dropout": [0.0, 0.2, 0.9], "learning_rate": [0.001, 0.05]},
            "own items": {"n_pseudo_items": [1, 2]},
        },
        n_candidates=3,
        seeds=1,
    ).run(X, tmp_path)
    candidates = sorted(
        path.stem for path in (tmp_path / "runs").glob("*candidate*.json")
    )
    assert len(candidates) == 6
    stores = [path for path in (tmp_path / "runs").glob("*candidate*.npz")]
    assert all(not dict(np.load(path)) for path in stores), "test items were ranked"
    for record in results.records:
        tried = [
            path
            for path in (tmp_path / "runs").glob("*candidate*.json")
            if path.name.startswith(record.augmenter.replace(" ", "_"))
        ]
        scores = {}
        for path in tried:
            import json

            content = json.loads(path.read_text())
            scores[content["validation_score"]] = content["parameters"]
        assert record.parameters == scores[max(scores)]
        assert record.validation_score == pytest.approx(max(scores))


@pytest.mark.parametrize("keep_interrupted", [False, True])
def test_an_interrupt_is_no_result(tmp_path, monkeypatch, keep_interrupted):
    def interrupted(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(SASRecEstimator, "_loss", interrupted)
    recommender = clone(SASREC).set_params(keep_interrupted=keep_interrupted)
    with pytest.raises(KeyboardInterrupt):
        study(recommenders={"SASRec": recommender}).run(X, tmp_path)
    assert not list((tmp_path / "runs").iterdir())
    assert recommender.keep_interrupted == keep_interrupted


def test_a_temporal_study(tmp_path):
    columns = X.to_interactions()
    log = Interactions(
        columns["user"], columns["item"], columns["position"] + columns["user"] % 5
    )
    results = study(
        protocol="temporal", recommenders={"Markov": MarkovRecommender()}
    ).run(log, tmp_path)
    assert results.description["protocol"] == "temporal"
    assert all(r.error is None for r in results.records)


def test_groups_of_a_temporal_study_are_by_the_training_history(tmp_path):
    """Validated is at 100 and tested at 200; the last user has nothing before these."""
    times_of = {
        1: [1, 2, 100, 100, 200],
        2: [1, 2, 3, 4, 5, 6, 100, 200],
        3: [100, 100, 200],
    }
    rows = [(user, time) for user, times in times_of.items() for time in times]
    users, times = np.array(rows).T
    log = Interactions(users, np.arange(len(rows)) % 4, times)
    results = study(
        protocol="temporal",
        test_fraction=0.1,
        recommenders={"Markov": MarkovRecommender()},
        augmenters={},
        n_negatives=None,
        length_bins=(0, 2),
    ).run(log, tmp_path)
    assert results.groups["length"].codes.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"recommenders": {}}, "at least one recommender"),
        ({"seeds": []}, "at least one seed"),
        ({"augmenters": {"none": OWN}}, "'none' stands for no augmentation"),
        ({"protocol": "random"}, "protocol must be one of"),
        ({"param_distributions": {"SASrec": {}}}, "SASrec"),
        ({"n_candidates": 0}, "n_candidates"),
        ({"n_negatives": 0}, "n_negatives == 0, must be >= 1"),
        ({"n_negatives": -5}, "n_negatives == -5, must be >= 1"),
    ],
)
def test_bad_options(parameters, message):
    with pytest.raises(ValueError, match=message):
        study(**parameters)


def test_what_is_no_estimator():
    with pytest.raises(TypeError, match="'own items' has no fit_transform"):
        study(augmenters={"own items": MarkovRecommender()})
    with pytest.raises(TypeError, match="'Markov' has no decision_function"):
        study(recommenders={"Markov": OWN})


def test_without_pandas_the_message_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas: .*skdiffuasr\[frames\]"):
        study()


@pytest.mark.parametrize(("n_negatives", "n_used"), [(2, 2), (3, 2), (100, 2)])
def test_negatives_are_as_many_as_every_row_leaves(tmp_path, n_negatives, n_used):
    """Either user has two of four items, the target among them, again and again."""
    log = [[1, 1, 1, 2, 1, 2], [3, 4, 3, 4]]
    made = study(
        n_negatives=n_negatives,
        augmenters={},
        recommenders={"Markov": MarkovRecommender()},
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = made.run(log, tmp_path)
    assert [str(warning.message) for warning in caught] == (n_negatives > n_used) * [
        "The history of row 0 leaves 2 of 4 items to draw negatives from. The sampled "
        f"ranking uses 2 negatives instead of {n_negatives}."
    ]
    assert [record.error for record in results.records] == [None, None]
    assert results.description["n_negatives"] == n_used
    assert made.n_negatives == n_negatives
    assert (
        "Each target is ranked among 2 random" in (tmp_path / "report.md").read_text()
    )


def test_without_any_negative_there_is_no_sampled_ranking(tmp_path):
    with pytest.warns(UserWarning, match="The sampled ranking is left out"):
        results = study(augmenters={}, seeds=1).run([[1, 2, 3], [1, 2]], tmp_path)
    assert set(results.records[0].ranks) == {"full", "filtered"}


def test_a_log_of_short_histories(tmp_path):
    with pytest.raises(ValueError, match="No row of X has the 3 items"):
        study().run([[1, 2], [3], [2, 1]], tmp_path)


class SlowRecommender(MarkovRecommender):
    def fit(self, X, y=None):
        time.sleep(0.05)
        return super().fit(X)


def slow_study(folder):
    study(recommenders={"Slow": SlowRecommender(), "SASRec": SASREC}).run(X, folder)


SCRIPT = """
import sys
from tests.study.test_study import slow_study
slow_study(sys.argv[1])
"""


def test_a_killed_study_ends_with_the_same_table(tmp_path):
    command = [sys.executable, "-c", SCRIPT]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[2]
    run = {"cwd": root, "env": environment, "stderr": subprocess.PIPE, "text": True}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    slow_study(whole)
    for n_runs in (1, 4, 6):
        process = subprocess.Popen([*command, str(killed)], **run)
        while process.poll() is None:
            if len(list(killed.glob("runs/*.json"))) >= n_runs:
                time.sleep(0.02)  # into the next run
                process.send_signal(signal.SIGKILL)
                process.wait()
            time.sleep(0.005)
        process.stderr.close()
        assert process.returncode == -signal.SIGKILL
    done = {path: path.stat().st_mtime_ns for path in killed.glob("runs/*.json")}
    assert len(done) >= 6
    slow_study(killed)
    assert all(path.stat().st_mtime_ns == since for path, since in done.items())
    assert rows_of(killed) == rows_of(whole)
    assert rows_of(killed, "comparisons.csv") == rows_of(whole, "comparisons.csv")
