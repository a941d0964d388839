"""The runs of a study, one after the other: read from disk, or done."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from skdiffuasr._progress import stage, track
from skdiffuasr._progress_lines import Task
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.options import StudyOptions, as_seeds
from skdiffuasr.study.protocol import StudyData
from skdiffuasr.study.quality import intrinsic_quality
from skdiffuasr.study.results import RunRecord
from skdiffuasr.study.runs import (
    augment,
    train_and_rank,
    with_parameters,
    without_handling,
)
from skdiffuasr.study.store import StudyStore


class Progress(NamedTuple):
    """How far a study is: how many runs and measurements of quality are done."""

    n_done: int
    n_total: int
    label: str  # what is done now
    seconds_left: float  # estimated from the runs that are done; NaN before the first


class Schedule:
    """Do the missing runs, read the others; report before each how far the study is."""

    def __init__(
        self,
        study: StudyOptions,
        data: StudyData,
        store: StudyStore,
        on_progress: Callable[[Progress], None] | None,
        verbose: int = 0,
    ) -> None:
        self.study = study
        self.seeds = as_seeds(study.seeds)
        self.data = data
        self.filter_seen = not data.has_repeats
        self.store = store
        self.on_progress = on_progress
        self.verbose = verbose
        self._task: Task | None = None
        self.candidates = {
            names: self._candidates(*names)
            for names in product(study.augmenters, study.recommenders)
        }
        self.generating = [
            name
            for name, augmenter in study.augmenters.items()
            if study.with_quality and hasattr(augmenter, "generate")
        ]
        self.n_runs = len(self.candidates) * len(self.seeds) + sum(
            len(tried) for tried in self.candidates.values() if len(tried) > 1
        )
        self.n_total = self.n_runs + len(self.generating)
        self.n_done = 0
        #: What each run took, with the augmenter's time only in the first of its runs.
        self.seconds: list[float] = []
        self._counted: set[tuple[str, str]] = set()
        #: The runs that parameters are chosen by, once they are done.
        self.tried: list[RunRecord] = []
        # The last augmented histories: recommenders of one augmenter follow each other.
        self._augmented: tuple[str, tuple[StudyData, Costs]] | None = None

    def records(self) -> Iterator[RunRecord]:
        """Do, or read, all runs; the choice of parameters first."""
        with self._tracked("run", self.n_runs):
            chosen = {names: self._choose(*names) for names in self.candidates}
            for seed in self.seeds:
                for names, parameters in chosen.items():
                    yield self._run(*names, seed, parameters, f"seed{seed}")

    def quality(self) -> Iterator[dict[str, Any]]:
        """Intrinsic quality of the augmenters that generate, with the first seed."""
        seed = self.seeds[0]
        with self._tracked("augmenter measured", len(self.generating)):
            for name in self.generating:
                estimator = with_parameters(self.study.augmenters[name], seed, {})
                key = str(joblib.hash(without_handling(estimator)))
                measured = self.store.cached("quality", key, name)
                is_retried = self.study.retry_failed and "error" in (measured or {})
                if measured is None or is_retried:
                    self.report(f"quality of {name}")
                    try:
                        with stage(name):
                            measured = intrinsic_quality(estimator, self.data.X_train)
                    except Exception:
                        measured = {"error": traceback.format_exc()}
                    self.store.add_cached("quality", measured, key, name)
                self._advance(name)
                yield {"augmenter": name, "seed": seed, **measured}

    def report(self, label: str) -> None:
        """Say how far the study is, and what it does now."""
        if self._task is not None:
            self._task.note(label)
        if self.on_progress is not None:
            left = self._seconds_left()
            self.on_progress(Progress(self.n_done, self.n_total, label, left))

    @contextmanager
    def _tracked(self, unit: str, total: int) -> Iterator[None]:
        with track(
            "study", unit, total, verbose=self.verbose, is_outer=True
        ) as self._task:
            yield
        self._task = None

    def _advance(self, text: str) -> None:
        self.n_done += 1
        if self._task is not None:
            self._task.advance(text, seconds_left=self._seconds_left())

    def _seconds_left(self) -> float:
        mean = float(np.mean(self.seconds)) if self.seconds else float("nan")
        return (self.n_total - self.n_done) * mean

    def _candidates(self, augmenter: str, recommender: str) -> list[dict[str, Any]]:
        """Parameter settings that a combination tries."""
        spaces = self.study.param_distributions or {}
        space = {
            f"{kind}__{parameter}": values
            for kind, name in (("augmenter", augmenter), ("recommender", recommender))
            for parameter, values in spaces.get(name, {}).items()
        }
        n_candidates = self.study.n_candidates
        if n_candidates == 1 or not space:
            return [{}]
        if all(isinstance(values, Sequence) for values in space.values()):
            n_candidates = min(n_candidates, len(ParameterGrid(space)))
        return list(ParameterSampler(space, n_candidates, random_state=self.seeds[0]))

    def _choose(self, augmenter: str, recommender: str) -> dict[str, Any]:
        """Return the parameters with the best validation score of those tried."""
        settings = self.candidates[augmenter, recommender]
        if len(settings) == 1:
            return settings[0]
        names, seed = (augmenter, recommender), self.seeds[0]
        tried = [
            self._run(*names, seed, parameters, f"candidate{number}", with_test=False)
            for number, parameters in enumerate(settings)
        ]
        self.tried += tried
        scores = [np.nan_to_num(record.validation_score, nan=-1.0) for record in tried]
        return settings[int(np.argmax(scores))]

    def _run(
        self,
        augmenter: str,
        recommender: str,
        seed: int,
        parameters: dict[str, Any],
        suffix: str,
        *,
        with_test: bool = True,
    ) -> RunRecord:
        """Read a run, or do it and write it down."""
        study, names = self.study, (augmenter, recommender, suffix)
        steps = [
            ("augmenter", study.augmenters[augmenter]),
            ("recommender", study.recommenders[recommender]),
        ]
        pipeline = with_parameters(Pipeline(steps), seed, parameters)
        key = str(joblib.hash((without_handling(pipeline), seed, with_test)))
        label = " + ".join(names)
        record = self.store.record(key, *names)
        if record is None or (record.error is not None and study.retry_failed):
            self.report(label)
            try:
                with stage(label):
                    fields = train_and_rank(
                        *self._augment(augmenter, suffix, pipeline["augmenter"]),
                        pipeline["recommender"],
                        study.n_negatives,
                        filter_seen=self.filter_seen,
                        with_test=with_test,
                    )
            except Exception:
                fields = {"ranks": {}, "error": traceback.format_exc()}
            record = RunRecord(
                augmenter, recommender, seed, parameters=parameters, **fields
            )
            self.store.add_record(record, key, *names)
        if record.error is None:
            timed = set(record.seconds)
            if (augmenter, suffix) in self._counted:
                timed -= {"fit augmenter", "transform"}
            self._counted.add((augmenter, suffix))
            self.seconds.append(sum(record.seconds[step] for step in timed))
        self._advance(f"{label}, {_outcome(record)}")
        return record

    def _augment(
        self, name: str, suffix: str, augmenter: Any
    ) -> tuple[StudyData, Costs]:
        """Augmented histories, from memory or disk where they are there."""
        key = str(joblib.hash(without_handling(augmenter)))
        if self._augmented is None or self._augmented[0] != key:
            augmented = self.store.cached("augmented", key, name, suffix)
            if augmented is None:
                augmented = augment(self.data, augmenter)
                if augmenter is not None:
                    self.store.add_cached("augmented", augmented, key, name, suffix)
            self._augmented = key, augmented
        return self._augmented[1]


def _outcome(record: RunRecord) -> str:
    """Say in a few words what came of a run."""
    if record.error is not None:
        return f"failed: {record.error_line}"
    score = f"NDCG@10 {record.validation_score:.4f} in validation"
    return f"{score}, {record.n_epochs} epochs" if record.n_epochs else score
