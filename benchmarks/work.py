"""What some work needs: operations, bytes, and the seconds of its kernels alone.

A kernel is a matrix product, a convolution or an attention; everything else is
overhead that better code could avoid. The kernels give two yardsticks: the limit
(`limit_seconds`) of a machine that computes and reads at its best speeds throughout,
and `replay`, the same kernels run one by one on random numbers.
"""

from collections import Counter
from dataclasses import dataclass
from statistics import median

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from benchmarks.measuring import seconds_of, synchronize

OPTIMIZER_BYTES = 28
"""AdamW reads p, g, m and v of a parameter and writes p, m and v, 4 bytes each."""

REPLAYED_SHARE = 0.95
REPLAY_SECONDS = 0.03

aten = torch.ops.aten


def _cpu_attention(query, key, value, *args, out_val, **kwargs):
    return sdpa_flop_count(query.shape, key.shape, value.shape)


def _cpu_attention_backward(gradient, query, key, value, *args, out_val, **kwargs):
    # Five products where the forward pass has two: the scores are computed again.
    return sdpa_flop_count(query.shape, key.shape, value.shape) * 5 // 2


FORMULAS = {
    **flop_registry,
    aten.addmm_: flop_registry[aten.addmm],
    aten.baddbmm_: flop_registry[aten.baddbmm],
    aten._scaled_dot_product_flash_attention_for_cpu: _cpu_attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _cpu_attention_backward,
}


@dataclass(frozen=True)
class TensorSpec:
    """Everything about a tensor except its numbers."""

    shape: tuple
    stride: tuple
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, leaf):
        """Describe a tensor; return anything else as it is."""
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return cls(tuple(leaf.shape), leaf.stride(), leaf.dtype, leaf.device)

    def random(self):
        """Make such a tensor."""
        steps = zip(self.shape, self.stride, strict=True)
        size = 1 + sum((n - 1) * step for n, step in steps) if all(self.shape) else 0
        numbers = torch.rand(size, device=self.device).sub_(0.5)
        return numbers.to(self.dtype).as_strided(self.shape, self.stride)

    @property
    def n_bytes(self):
        """Bytes it occupies; repeated (expanded) numbers count once."""
        n_numbers = 1
        for n, step in zip(self.shape, self.stride, strict=True):
            n_numbers *= n if step else min(n, 1)
        return n_numbers * self.dtype.itemsize


@dataclass(frozen=True)
class Kernel:
    """One operation at one set of shapes."""

    function: object
    leaves: tuple
    structure: str
    flops: int
    n_bytes: int
    dtype: str

    @property
    def name(self):
        """Operation and shapes."""
        shapes = [
            "x".join(map(str, leaf.shape))
            for leaf in self.leaves
            if isinstance(leaf, TensorSpec)
        ]
        return f"{self.function.__name__.partition('.')[0]}({', '.join(shapes)})"


class WorkRecorder(TorchDispatchMode):
    """Context manager that records the kernels and optimiser steps inside it."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()
        self.structures = {}
        self.optimizer_elements = Counter()  # n_elements: how many steps
        self._depth = 0

    def __enter__(self):
        if self._depth == 0:  # decomposing an operation enters again, below
            self._hook = register_optimizer_step_post_hook(self._note_step)
        self._depth += 1
        return super().__enter__()

    def __exit__(self, *exception):
        self._depth -= 1
        if self._depth == 0:
            self._hook.remove()
        return super().__exit__(*exception)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Run an operation, and note it if it is a kernel."""
        kwargs = kwargs or {}
        formula = FORMULAS.get(getattr(function, "_overloadpacket", None))
        if formula is None:
            with self:
                result = function.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = function(*args, **kwargs)
        if formula is not None:
            self._note(function, formula, args, kwargs, result)
        return result

    def _note(self, function, formula, args, kwargs, result):
        flops = formula(*args, **kwargs, out_val=result)
        if "attention" in str(function) and _argument(
            function, args, kwargs, "is_causal"
        ):
            n = args[0].shape[-2]
            flops = flops * (n + 1) // (2 * n)  # only the keys up to the query
        leaves, structure = tree_flatten((args, kwargs))
        leaves = tuple(TensorSpec.of(leaf) for leaf in leaves)
        tensors = [leaf for leaf in leaves if isinstance(leaf, TensorSpec)]
        read = sum(tensor.n_bytes for tensor in tensors)
        if "out" in kwargs:
            read -= TensorSpec.of(kwargs["out"]).n_bytes
        written = sum(
            TensorSpec.of(leaf).n_bytes
            for leaf in tree_flatten(result)[0]
            if isinstance(leaf, torch.Tensor)
        )
        dtype = str(tensors[0].dtype).removeprefix("torch.")
        key = repr(structure)
        self.structures[key] = structure
        kernel = Kernel(function, leaves, key, flops, read + written, dtype)
        self.counts[kernel] += 1

    def _note_step(self, optimizer, args, kwargs):
        n_elements = 0
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                is_sparse = gradient.is_sparse
                n_elements += (gradient._values() if is_sparse else gradient).numel()
        self.optimizer_elements[n_elements] += 1

    def summary(self):
        """Return operations by dtype, bytes, and the seconds of the replay."""
        flops = Counter()
        for kernel, count in self.counts.items():
            flops[kernel.dtype] += count * kernel.flops
        return {
            "flops": dict(flops),
            "bytes": sum(n * kernel.n_bytes for kernel, n in self.counts.items()),
            "optimizer_bytes": sum(
                steps * n * OPTIMIZER_BYTES
                for n, steps in self.optimizer_elements.items()
            ),
            **replay(self),
        }


def _argument(function, args, kwargs, name):
    """Return an argument by name, however it was passed; None if it was not."""
    names = [argument.name for argument in function._schema.arguments]
    given = dict(zip(names, args, strict=False)) | kwargs
    return given.get(name)


def replay(recorder, share=REPLAYED_SHARE):
    """Time each kernel and the optimiser alone, multiplied by their counts.

    It times the kernels with the most operations until they make up `share` of all.
    """
    total = sum(count * kernel.flops for kernel, count in recorder.counts.items())
    by_flops = sorted(
        recorder.counts.items(), key=lambda item: item[0].flops * item[1], reverse=True
    )
    seconds, replayed, largest = 0.0, 0, []
    for kernel, count in by_flops:
        if replayed >= share * total:
            break
        each = _seconds_alone(kernel, recorder.structures[kernel.structure])
        seconds += count * each
        replayed += count * kernel.flops
        largest.append(
            {
                "kernel": kernel.name,
                "count": count,
                "seconds": count * each,
                "gflops_per_second": kernel.flops / each / 1e9,
            }
        )
    optimizer_seconds = 0.0
    if by_flops:
        device = by_flops[0][0].leaves[0].device
        optimizer_seconds = sum(
            steps * _optimizer_seconds(n, device)
            for n, steps in recorder.optimizer_elements.items()
        )
    return {
        "kernel_seconds": seconds + optimizer_seconds,
        "optimizer_seconds": optimizer_seconds,
        "kernels": len(recorder.counts),
        "replayed_share": replayed / total if total else 0.0,
        "largest_kernels": largest[:5],
    }


def _seconds_alone(kernel, structure):
    """Return the median seconds of a kernel on random numbers."""
    leaves = [
        leaf.random() if isinstance(leaf, TensorSpec) else leaf
        for leaf in kernel.leaves
    ]
    args, kwargs = tree_unflatten(leaves, structure)
    device = kernel.leaves[0].device
    with torch.no_grad():
        return _median_call(lambda: kernel.function(*args, **kwargs), device)


def _optimizer_seconds(n_elements, device):
    """Return the median seconds of a fused AdamW step on this many parameters."""
    parameter = torch.nn.Parameter(torch.rand(n_elements, device=device))
    parameter.grad = torch.rand(n_elements, device=device)
    optimizer = torch.optim.AdamW([parameter], fused=True)
    return _median_call(optimizer.step, device)


def _median_call(function, device):
    """Return the median seconds per call; short calls are timed several at a time."""
    function()
    first = seconds_of(function, device)
    n_inner = max(1, round(0.1 * REPLAY_SECONDS / max(first, 1e-7)))

    def calls():
        for _ in range(n_inner):
            function()

    synchronize(device)
    n_outer = 3 if first > REPLAY_SECONDS else 7
    return median(seconds_of(calls, device) for _ in range(n_outer)) / n_inner


def limit_seconds(work, machine):
    """Return the machine's least seconds for the work, at its measured best speeds."""
    speeds = dict(machine["gflops_product"])
    convolution = max(machine["gflops_convolution"].values())
    speeds["float32"] = max(speeds["float32"], convolution)
    computing = sum(
        flops / speeds.get(dtype, speeds["float32"]) / 1e9
        for dtype, flops in work["flops"].items()
    )
    n_bytes = work["bytes"] + work["optimizer_bytes"]
    return max(computing, n_bytes / machine["gbytes_per_second"] / 1e9)
