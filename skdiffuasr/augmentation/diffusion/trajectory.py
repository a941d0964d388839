"""How one history's pseudo items come out of the noise, step by step."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._typing import FloatArray, IdArray, SequencesLike
from skdiffuasr.augmentation.diffusion.augmenter import DiffusionSequenceAugmenter
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.sequences import check_sequences


class Trajectory(NamedTuple):
    """What the sampler believed at each step.

    Attributes
    ----------
    points : ndarray of float32 of shape (n_steps, M, d)
        Estimates of the clean embeddings; the last are what was generated.
    items : ndarray of shape (n_steps, M)
        Ids of the items that they are nearest to.
    similarity : ndarray of shape (n_steps, M)
        Cosine of each estimate to the pseudo item that its position ends with.
    generated : ndarray of shape (M,)
        Ids of the pseudo items. They differ from the last row of `items` only where
        ``unique=True`` skipped an item.
    """

    points: FloatArray
    items: IdArray
    similarity: FloatArray
    generated: IdArray


def denoising_trajectory(
    augmenter: DiffusionSequenceAugmenter, history: SequencesLike
) -> Trajectory:
    """Generate the pseudo items of one history and keep every step.

    Parameters
    ----------
    augmenter : DiffusionSequenceAugmenter
        Fitted.
    history : Sequences or iterable of one sequence of item ids
        One row; pseudo items are left out.

    Returns
    -------
    trajectory : Trajectory

    Raises
    ------
    ValueError
        If there is not one history.

    Examples
    --------
    >>> from skdiffuasr import DiffusionSequenceAugmenter
    >>> from skdiffuasr.augmentation.diffusion.trajectory import denoising_trajectory
    >>> from skdiffuasr.datasets import make_sequences
    >>> X = make_sequences(n_users=100, n_items=30, random_state=0).X
    >>> augmenter = DiffusionSequenceAugmenter(2, max_epochs=1, random_state=0).fit(X)
    >>> denoising_trajectory(augmenter, X[:1]).items.shape
    (5, 2)
    """
    augmenter._check_fitted()
    histories = augmenter._encode(check_sequences(history))[0]
    if len(histories.codes) != 1:
        raise ValueError(f"There must be one history, got {len(histories.codes)}.")
    steps: list[Tensor] = []
    generated = augmenter._generate(
        histories.codes, histories.keys(augmenter.seed_), on_step=steps.append
    )
    points = torch.cat(steps).cpu()  # (steps, M, d)
    catalogue = torch.tensor(augmenter.item_embeddings_)
    nearest = nearest_items(points, catalogue).numpy()
    similarity = torch.cosine_similarity(points, catalogue[generated], dim=2).numpy()
    item_ids = augmenter.item_ids_
    return Trajectory(
        np.asarray(points), item_ids[nearest], similarity, item_ids[generated[0]]
    )
