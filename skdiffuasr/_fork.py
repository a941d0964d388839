"""One torch thread in forked processes, in which more would wait for ever."""

import os
import sys
import warnings

_is_forked = False


def _remember_fork() -> None:
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_remember_fork)


def avoid_deadlock() -> None:
    """Let torch use one thread if this process was forked.

    A fork copies the calling thread alone. If the parent has computed with several
    torch threads, OpenMP waits in the child for threads that are not there. Whether it
    has cannot be found out, so any child is taken to be such a one, once.

    Warns
    -----
    RuntimeWarning
        If torch had more than one thread.
    """
    global _is_forked
    torch = sys.modules.get("torch")
    if not _is_forked or torch is None:
        return
    _is_forked = False
    n_threads = torch.get_num_threads()
    if n_threads > 1:
        torch.set_num_threads(1)
        warnings.warn(
            f"This process was forked, so torch uses 1 thread here instead of "
            f"{n_threads}: with more it waits for ever if the parent process has used "
            f"them. Start processes by 'spawn' or 'forkserver' for more threads, or "
            f"call torch.set_num_threads(1) in the parent to silence this.",
            RuntimeWarning,
            stacklevel=2,
        )
