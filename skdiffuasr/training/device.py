"""Choice of the device that a model is trained and run on."""

import torch


def resolve_device(device: str) -> torch.device:
    """Return the device that an estimator's ``device`` parameter names.

    ``"auto"`` takes CUDA where it is available and the CPU elsewhere. Raises a
    ValueError for names that are not accepted, or not on this machine.
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
