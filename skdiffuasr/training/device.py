"""Choice of the device that a model is trained and run on."""

import torch


def resolve_device(device: str) -> torch.device:
    """Turn an estimator's ``device`` parameter into a torch device.

    Parameters
    ----------
    device : str
        ``"auto"`` takes CUDA where there is one and the CPU elsewhere; the others are
        ``"cpu"``, ``"cuda"`` and ``"cuda:<index>"``.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If the device is none of these, or is not on this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    message = (
        f"device={device!r} is not a torch device that works here; use 'auto', 'cpu', "
        f"'cuda' or 'cuda:<index>'."
    )
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(message) from error
    if resolved.type not in ("cpu", "cuda"):
        raise ValueError(message)
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}, but torch finds no CUDA device here.")
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device={device!r}, but torch finds {torch.cuda.device_count()} CUDA "
            f"device(s) here, counted from 0."
        )
    return resolved
