"""Every augmenter with every recommender on one dataset, under one protocol."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from skdiffuasr import __version__
from skdiffuasr._extras import import_extra
from skdiffuasr.metrics.next_item_ranks import affordable_negatives
from skdiffuasr.study.options import REFERENCE, StudyOptions
from skdiffuasr.study.protocol import leave_last_out_data, temporal_data
from skdiffuasr.study.report import write_report
from skdiffuasr.study.results import StudyResults
from skdiffuasr.study.schedule import Progress, Schedule
from skdiffuasr.study.settings import study_settings
from skdiffuasr.study.store import StudyStore, write_csv


class AugmentationStudy(StudyOptions):
    """Compare augmenters and recommenders on one dataset.

    All combinations see the same data: histories to fit on, next items to stop by and
    to choose parameters by, next items to test on. Augmenters and recommenders are
    fitted on the first alone; a recommender whose `fit` takes `X_val` and `y_val` stops
    early by the second. Results land on disk one by one; `run` again in the same folder
    does what is missing.

    Parameters
    ----------
    augmenters : mapping of str to augmenter or None
        By the name under which they are reported. ``"none"``, no augmentation, is
        added if it is missing: it is what the others are compared with.
    recommenders : mapping of str to recommender
        By the name under which they are reported.
    seeds : int or sequence of int, default=3
        Values of `random_state` that every combination is run with; an int stands for
        that many from 0 on.
    protocol : {"leave_last_out", "temporal"}, default="leave_last_out"
        How the dataset is split; see `leave_last_out_data` and `temporal_data`.
    test_fraction : float, default=0.2
        Share of the interactions in the test period of ``protocol="temporal"``.
    n_negatives : int or None, default=100
        Number of negatives of the sampled ranking, an extra column that reproduces
        papers; `run` lowers it, with a warning, to what every tested user leaves to
        draw from. None leaves the ranking out.
    length_bins : sequence of int, default=(5, 20)
        Groups of users by the length of their training history; see `length_groups`.
    popularity_bins : sequence of float, default=(0.2,)
        Groups of users by the popularity of their target; see `popularity_groups`.
    param_distributions : mapping of str to dict, default=None
        For the name of an augmenter or a recommender, parameters to choose from, as
        in ``RandomizedSearchCV``.
    n_candidates : int, default=1
        Number of parameter settings that every combination may try with the first
        seed: the same budget for all. The best on the validation items is run with
        all seeds. 1 takes the estimators as they are.
    with_quality : bool, default=True
        Whether to measure the pseudo items themselves too, with the first seed; it
        takes one more fit of every augmenter. See `intrinsic_quality`.
    retry_failed : bool, default=False
        Whether `run` tries again what has failed before.

    Raises
    ------
    ImportError
        If pandas is not installed.
    TypeError
        If an augmenter or recommender lacks the methods of one, or a seed is not an
        integer.
    ValueError
        If there are no recommenders or seeds, a seed occurs twice or does not fit into
        32 bits, ``"none"`` is an augmenter, an option or a parameter to choose is not
        known, or two names differ only in characters that a file name cannot have.

    Examples
    --------
    >>> import tempfile
    >>> from skdiffuasr import MarkovRecommender, RandomSequenceAugmenter
    >>> from skdiffuasr.datasets import make_sequences
    >>> from skdiffuasr.study import AugmentationStudy
    >>> X = make_sequences(n_users=200, n_items=50, random_state=0).X
    >>> study = AugmentationStudy(
    ...     {"own items": RandomSequenceAugmenter(3)},
    ...     {"Markov": MarkovRecommender()},
    ...     seeds=1,
    ...     n_negatives=None,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = study.run(X, folder)
    >>> [record.augmenter for record in results.records]
    ['none', 'own items']
    """

    def run(
        self,
        log: Any,
        folder: str | Path,
        *,
        dataset_name: str = "dataset",
        on_progress: Callable[[Progress], None] | None = None,
        force: bool = False,
        command: str = "Python",
        verbose: int = 0,
    ) -> StudyResults:
        """Do all runs that are missing, and report.

        Parameters
        ----------
        log : Interactions, Sequences or iterable of sequences of item ids
            Histories; with times for ``protocol="temporal"``. Pseudo items are dropped.
        folder : str or Path
            Where results and report go; that of an earlier `run` to resume it.
        dataset_name : str, default="dataset"
            What the report calls the dataset.
        on_progress : callable(Progress), default=None
            Told before every run and at the end.
        force : bool, default=False
            Replace the study in `folder` if its settings were others. Settings are all
            parameters but `with_quality` and `retry_failed`, the dataset, and the
            parameters of every estimator but `memory`, `verbose`, `device` and
            `n_jobs`. An augmenter, recommender or seed that is added extends a study.
        command : str, default="Python"
            The command line that asked for the study, for the report.
        verbose : int, default=0
            1 prints a line for every run: its validation score, epochs, seconds, and
            how long the others may take. 2 prints every epoch, too. A notebook shows a
            bar instead, if rich is installed.

        Returns
        -------
        results : StudyResults
            Combinations that raised are among the records, with their traceback.

        Raises
        ------
        FileExistsError
            If the folder is not a study's and has files that a report would overwrite.
        ValueError
            If no user has enough items, or the folder has a study with other settings:
            the message names them, and the runs that would be done again.
        """
        pd = import_extra("pandas", "frames")
        if self.protocol == "temporal":
            data = temporal_data(log, self.test_fraction)
        else:
            data = leave_last_out_data(log)
        n_negatives = self.n_negatives
        if n_negatives is not None:
            items = np.unique(data.X_train.values)
            tested = data.X_test, data.y_test
            n_negatives = affordable_negatives(n_negatives, *tested, items) or None
        options = copy(self)
        options.n_negatives = n_negatives
        settings = study_settings(options, data)
        store = StudyStore(folder, settings, force=force)
        schedule = Schedule(options, data, store, on_progress, verbose)
        results = StudyResults(
            dataset_name=dataset_name,
            description={
                "protocol": self.protocol,
                **data.description,
                "n_seeds": len(schedule.seeds),
                "n_negatives": n_negatives or 0,
                "n_candidates": self.n_candidates,
            },
            groups=data.groups(self.length_bins, self.popularity_bins),
            main_ranking="full" if data.has_repeats else "filtered",
            records=(),
            reference=REFERENCE,
            with_memory=self._with_memory(),
            baselines=self._baselines(),
            settings=settings,
            made={
                "version": f"skdiffuasr {__version__}",
                "date": date.today().isoformat(),
                "command": command,
            },
        )
        records, frames = [], []
        for record in schedule.records():
            records.append(record)
            if record.error is None:
                frames.append(replace(results, records=(record,)).frame)
                write_csv(pd.concat(frames), store.folder / "results.csv")
        results = replace(
            results,
            records=tuple(records),
            candidates=tuple(schedule.tried),
            quality=tuple(schedule.quality()),
        )
        write_report(results, store.folder)
        schedule.report("done")
        return results
