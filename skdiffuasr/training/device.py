"""Choice of the device that a model is trained and run on."""

import torch


def resolve_device(device: str) -> torch.device:
    """Turn an estimator's ``device`` parameter into a torch device.

    Parameters
    ----------
    device : str
        ``"auto"`` takes CUDA where there is one and the CPU elsewhere; anything else
        is passed to :class:`torch.device`.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If the device is unknown to torch, or is CUDA on a machine without it.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is no torch device; use 'auto', 'cpu', 'cuda' or "
            f"'cuda:<index>'."
        ) from error
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}, but torch finds no CUDA device here.")
    return resolved
