"""Estimators in safetensors files."""

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from skdiffuasr import __version__
from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing, replaced
from skdiffuasr.persistence.decoding import Decoder, fields
from skdiffuasr.persistence.encoding import Encoder, Place
from skdiffuasr.training import resolve_device

FORMAT_VERSION = 1

#: Key of the header's metadata that holds everything but the tensors.
METADATA_KEY = "skdiffuasr"

#: How other files begin that are often taken for models, and may hold code.
_OTHER_KINDS = {
    b"\x80": "a pickle, as pickle and joblib write them",
    b"PK\x03\x04": "a zip archive, as torch.save and skops write them",
}

#: What decoding a changed file may raise.
_DAMAGE = (AttributeError, OverflowError, RecursionError, TypeError, ValueError)


def save(estimator: Any, path: str | Path, *, overwrite: bool = False) -> None:
    """Save an estimator to one safetensors file.

    Arrays become tensors with readable names, the rest becomes JSON in the header. Any
    safetensors tool can read the file, and `load` runs no code from it.

    Parameters
    ----------
    estimator : estimator of skdiffuasr, Pipeline or FrozenEstimator
        Fitted or not. The steps of a pipeline, and estimators that are parameters of
        others, must be such estimators, too.
    path : str or Path
        The file.
    overwrite : bool, default=False
        Whether to replace an existing file, as a whole and at the end.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    FileExistsError
        If the file exists and `overwrite` is False.
    OSError
        If `path` is a folder, its folder does not exist, or it cannot be written.
    ValueError
        If something in the estimator cannot be saved, such as a RandomState, a function
        or your own class; the error says where it is. Or if strings and names take more
        than the 100 MB that a header may have.

    See Also
    --------
    load : Load it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr import MarkovRecommender
    >>> from skdiffuasr.persistence import load, save
    >>> recommender = MarkovRecommender().fit([["tea", "milk"], ["jam", "milk"]])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "markov.safetensors")
    ...     save(recommender, path)
    ...     loaded = load(path)
    >>> loaded.predict([["tea"]]).tolist()
    ['milk']
    """
    safetensors = _import_safetensors()
    path = Path(path)
    refuse_existing(path, overwrite)
    encoder = Encoder()
    content = {
        "format_version": FORMAT_VERSION,
        "library_version": __version__,
        "estimator": encoder.encode_estimator(estimator, Place()),
    }
    metadata = {METADATA_KEY: json.dumps(content, allow_nan=False)}
    try:
        data = safetensors.numpy.save(encoder.tensors, metadata)
    except safetensors.SafetensorError as error:
        size = len(metadata[METADATA_KEY]) / 1e6
        raise ValueError(
            f"safetensors cannot hold {len(encoder.tensors)} tensors and {size:.0f} MB "
            f"of strings and names: {error}."
        ) from error
    with replaced(path) as temporary:
        temporary.write_bytes(data)


def load(path: str | Path, *, device: str | None = None) -> Any:
    """Load an estimator that `save` wrote.

    Only classes of skdiffuasr, Pipeline and FrozenEstimator are built, and no code in
    the file is run. Before you fit a model from elsewhere again, check its `memory`: it
    is a folder of pickles, which fitting would open.

    Parameters
    ----------
    path : str or Path
        The file.
    device : str, default=None
        Device of the loaded estimators: ``"auto"``, ``"cpu"``, ``"cuda"`` or
        ``"cuda:<index>"``. None takes the one they were saved with.

    Returns
    -------
    estimator : estimator
        With the parameters and fitted attributes of the one that was saved.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    OSError
        If the file does not exist, or is a folder.
    ValueError
        If the file has another or a newer format, is truncated or changed, or this
        machine lacks the device.

    See Also
    --------
    save : Save it.
    """
    safetensors = _import_safetensors()
    if device is not None:
        resolve_device(device)
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder.")
    _check_kind(path)
    try:
        return _decode(*_read(safetensors, path), device)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is truncated or damaged: {error}.") from error
    except _DAMAGE as error:
        reason = str(error).rstrip(".")
        raise ValueError(f"{path} cannot be loaded: {reason}.") from error


def _read(safetensors: Any, path: Path) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return the metadata of the estimator, and the tensors."""
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        if METADATA_KEY not in metadata:
            raise ValueError("it is a safetensors file, but not one of skdiffuasr")
        content = json.loads(metadata[METADATA_KEY])
        return content, {name: file.get_tensor(name) for name in file.keys()}


def _decode(content: Any, tensors: dict[str, NDArray[Any]], device: str | None) -> Any:
    """Return the estimator that metadata and tensors describe."""
    version = content.get("format_version") if isinstance(content, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError(f"there is no format version {version!r}")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"it has format version {version} of skdiffuasr "
            f"{content.get('library_version')}, and skdiffuasr {__version__} "
            f"reads up to {FORMAT_VERSION}; install a newer skdiffuasr"
        )
    _, _, node = fields(content, "format_version", "library_version", "estimator")
    decoder = Decoder(tensors, device)
    estimator = decoder.decode_estimator(node)
    if decoder.unused:
        raise ValueError(f"nothing refers to the tensor {min(decoder.unused)!r}")
    return estimator


def _check_kind(path: Path) -> None:
    """Raise for files of other kinds by their first bytes, without reading further."""
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:] == b"{":  # behind the length of the header
        return
    for start, kind in _OTHER_KINDS.items():
        if head.startswith(start):
            raise ValueError(
                f"{path} is {kind}, not a safetensors file. It could run code when "
                f"loaded, so it was not."
            )
    if len(head) == 9:
        raise ValueError(f"{path} is not a safetensors file.")


def _import_safetensors() -> Any:
    import_extra("safetensors.numpy", "persist")
    return import_extra("safetensors", "persist")
