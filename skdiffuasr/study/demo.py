"""The main job on one dataset: a study of SASRec with and without the diffusion."""

import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.base import clone
from sklearn.utils import Bunch

from skdiffuasr._extras import import_extra
from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences, read_interactions
from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.blocks import Block, Section, Table
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.markdown_report import markdown_report
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.study.quality import nearness_to_hidden, set_aside
from skdiffuasr.study.sections import quality_texts, report_sections
from skdiffuasr.study.study import AugmentationStudy


def run_demo(
    data: str | Path | Interactions | None = None,
    *,
    dataset_name: str | None = None,
    n_pseudo_items: int = 10,
    max_epochs: int = 30,
    device: str = "auto",
    random_state: int = 0,
    verbose: int = 0,
) -> str:
    """Fit with and without augmentation and report the difference.

    A preset `AugmentationStudy` in a folder that is thrown away, with one seed: the
    diffusion and no augmentation, each with SASRec and two baselines, leave-last-out.
    How near the pseudo items come to hidden true ones is added to its report.

    Parameters
    ----------
    data : str, Path or Interactions, default=None
        Interactions, or a file that `read_interactions` can read; pseudo items are
        dropped. None makes a synthetic dataset.
    dataset_name : str, default=None
        What the report calls the dataset. None takes the name of the file.
    n_pseudo_items : int, default=10
        Number M of pseudo items before each history.
    max_epochs : int, default=30
        Largest number of epochs of every training run.
    device : str, default="auto"
        See the estimators.
    random_state : int, default=0
        Seeds the synthetic dataset and every estimator.
    verbose : int, default=0
        See `AugmentationStudy.run`.

    Returns
    -------
    report : str
        In Markdown.

    Raises
    ------
    ImportError
        If pandas is not installed.
    RuntimeError
        If a training run failed.
    ValueError
        If no history has more than `n_pseudo_items` items besides the two that are
        held out.
    """
    dataset = _read(data, dataset_name, random_state)
    X_train = leave_last_out_data(dataset.X).X_train
    longest = int(X_train.lengths.max())
    if longest <= n_pseudo_items:  # would fail after the other models are trained
        raise ValueError(
            "Without the two items that are held out the longest history has "
            f"{longest} items; the augmenter learns from those of more than "
            f"n_pseudo_items={n_pseudo_items}."
        )
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items, max_epochs=max_epochs, device=device, random_state=random_state
    )
    recommenders = {
        "popularity": PopularityRecommender(),
        "Markov chain": MarkovRecommender(),
        "SASRec": SASRecEstimator(max_length=50, max_epochs=max_epochs, device=device),
    }
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # A slow disk makes the cache slow, but not as slow as another training run.
        warnings.filterwarnings("ignore", message="Persisting input arguments")
        augmenter.set_params(memory=f"{folder}/trainings")
        results = AugmentationStudy(
            {"diffusion": augmenter},
            recommenders,
            [random_state],
            n_negatives=None,
            with_quality=False,
        ).run(dataset.X, f"{folder}/study", verbose=verbose)
        for failed in results.failures:
            raise RuntimeError(
                f"{failed.augmenter} + {failed.recommender}: {failed.error_line}"
            )
        try:
            nearness = _nearness(dataset, X_train, augmenter)
        except ValueError as error:  # the comparison must not be lost
            nearness = (f"Not measured: {error}",)
    n_users, n_items = (results.description[n] for n in ("n_test_users", "n_items"))
    are_ranked = "are" if results.main_ranking == "full" else "are not"
    what = (
        f"{dataset.name}: {n_users} users, {n_items} items in training, "
        f"leave-last-out, {n_pseudo_items} pseudo items per user, one seed. Seen items "
        f"{are_ranked} ranked."
    )
    # The cache is for what follows the study, and the report is one page.
    results = replace(results, with_memory=(), made={})
    comparisons = compare(results, results.main_ranking, "ndcg@10")
    sections = [
        section._replace(blocks=(what,))
        if section.title == "Dataset and protocol"
        else section
        for section in report_sections(results, comparisons)
    ]
    sections += [
        Section("How near the pseudo items are to hidden true ones", nearness),
    ]
    return markdown_report("Does diffusion augmentation help?", sections)


def _read(
    data: str | Path | Interactions | None, name: str | None, random_state: int
) -> Bunch:
    """Read histories `X`, or make some with the items `hidden` before them."""
    if data is None:
        made = make_sequences(n_users=2000, n_items=800, random_state=random_state)
        return Bunch(name="Synthetic dataset", **made)
    if isinstance(data, Interactions):
        return Bunch(name=name or "Dataset", X=data.to_sequences())
    return Bunch(name=name or Path(data).name, X=read_interactions(data).to_sequences())


def _nearness(
    dataset: Bunch, X_train: Sequences, augmenter: DiffusionSequenceAugmenter
) -> tuple[Block, ...]:
    """Pseudo items and random draws against hidden items that no model has seen."""
    if "hidden" in dataset:
        fitted = clone(augmenter).fit(X_train)  # as in the study: from its cache
        factors = dataset.item_factors[fitted.item_ids_]
        quality = nearness_to_hidden(fitted, X_train, dataset.hidden, factors)
        note = (
            "Hidden: the items that the generator of the dataset cut off. Similarity: "
            "cosine of the generator's item factors."
        )
    else:
        others, visible, hidden = set_aside(X_train, augmenter.n_pseudo_items)
        quality = nearness_to_hidden(clone(augmenter).fit(others), visible, hidden)
        note = (
            "Hidden: the first items of a tenth of the long histories, which the "
            "augmenter was fitted without. Similarity: cosine of the augmenter's item "
            "embeddings."
        )
    frame = import_extra("pandas", "frames").DataFrame(quality).T
    return Table.of(quality_texts(frame), index_name="pseudo items"), note
