"""Recommenders as graphs, which are served without this library."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from sklearn.utils import check_scalar
from torch.export import Dim, ExportedProgram

from skdiffuasr import __version__
from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing, replaced
from skdiffuasr.nn.scoring import BestItems
from skdiffuasr.recommenders.pipelines import served_recommender

#: Key of the metadata in an ONNX file, and name of the file with it in a .pt2 archive.
METADATA_NAME = "skdiffuasr.json"

ENDINGS = (".onnx", ".pt2")


def export(
    model: Any,
    path: str | Path,
    *,
    k: int | None = None,
    filter_seen: bool = True,
    overwrite: bool = False,
) -> None:
    """Export a fitted recommender to an ONNX file, or to one of `torch.export`.

    The file is served by onnxruntime, or by torch, alone. Its one input, ``histories``,
    is int64 of shape (n, length): codes of items, which are positions in ``item_ids``
    of the metadata, oldest first. -1 stands for an unknown item and for padding,
    wherever it is. Both sizes are free. A history may be longer than what the
    recommender reads: the recent items count, and all are seen.

    Parameters
    ----------
    model : estimator
        A recommender of this library, or a ``Pipeline`` or search that ends in one.
        Augmenters before it must be for training alone (``augment_at="fit"``).
    path : str or Path
        The file, whose ending decides: ``.onnx`` or ``.pt2``.
    k : int, default=None
        Number of items for each history. The outputs are then ``items``, int64 codes
        of shape (n, k), and ``scores``, float32 of shape (n, k), as `recommend` has
        them, padded with -1 and -inf. None exports ``scores`` of shape (n, n_items), as
        `decision_function` has them.
    filter_seen : bool, default=True
        With `k`, whether to leave out the items that are in the history.
    overwrite : bool, default=False
        Whether to replace an existing file.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    ImportError
        If onnx or onnxscript is not installed, for an ONNX file.
    NotFittedError
        If the model is not fitted.
    NotImplementedError
        If the model ends in a recommender of your own that has no `_scoring_module`.
    TypeError
        If the model, or a member of an ensemble, is not a recommender of this library.
    ValueError
        If something in a pipeline changes the histories at prediction, the ending is
        another one, or `k` is less than 1.

    See Also
    --------
    save : Save a model to be loaded by this library.

    Notes
    -----
    The metadata are JSON with ``item_ids`` (the catalogue in the order of its codes),
    ``recommender``, ``k``, ``filter_seen`` and ``library_version``. An ONNX file has
    them as its custom metadata ``skdiffuasr.json``, the other as an extra file.

    Scores are those of the recommender up to rounding; nothing is drawn at random.
    ``unknown_items="error"`` has no effect.

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import torch
    >>> from skdiffuasr import PopularityRecommender
    >>> from skdiffuasr.persistence import export
    >>> recommender = PopularityRecommender().fit([["tea", "milk"], ["jam", "milk"]])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.pt2")
    ...     export(recommender, path, k=1)
    ...     files = {"skdiffuasr.json": ""}
    ...     module = torch.export.load(path, extra_files=files).module()
    >>> item_ids = json.loads(files["skdiffuasr.json"])["item_ids"]
    >>> history = [item_ids.index("tea")]
    >>> items, scores = module(torch.tensor([history]))
    >>> item_ids[items[0, 0]]
    'milk'
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise ValueError(
            f"A model is exported to a file that ends in {' or '.join(ENDINGS)}, got "
            f"{str(path)!r}."
        )
    is_onnx = path.suffix == ".onnx"
    if k is not None:
        check_scalar(k, "k", int, min_val=1)
    refuse_existing(path, overwrite)
    if is_onnx:
        for name in ("onnx", "onnxscript"):
            import_extra(name, "onnx")
    recommender = served_recommender(model)
    module = recommender._served_module()
    if k is not None:
        module = BestItems(module, k, filter_seen=filter_seen, topk_breaks_ties=is_onnx)
    metadata = json.dumps(
        {
            "recommender": type(recommender).__name__,
            "library_version": __version__,
            "k": k,
            "filter_seen": filter_seen,
            "item_ids": recommender.item_ids_.tolist(),
        }
    )
    with warnings.catch_warnings(), replaced(path) as temporary:
        warnings.simplefilter("ignore")  # torch's, of its own insides
        program = _exported(module)
        if is_onnx:
            _save_onnx(program, temporary, metadata, k)
        else:
            torch.export.save(program, temporary, extra_files={METADATA_NAME: metadata})


def _exported(module: torch.nn.Module) -> ExportedProgram:
    """Trace a module of histories whose number and length are free."""
    sizes = {0: Dim("n"), 1: Dim("length")}
    example = torch.zeros(2, 3, dtype=torch.int64)
    with torch.no_grad():
        return torch.export.export(module, (example,), dynamic_shapes=(sizes,))


def _save_onnx(
    program: ExportedProgram, path: Path, metadata: str, k: int | None
) -> None:
    """Translate a program and write it to one file."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it tells that torchvision is missing
    try:
        translated: Any = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            input_names=["histories"],
            output_names=["scores"] if k is None else ["items", "scores"],
        )
    finally:
        logger.setLevel(level)
    translated.model.metadata_props[METADATA_NAME] = metadata
    translated.save(path, external_data=False)
