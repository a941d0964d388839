"""Precision of products: which dtype, how exact, and that no setting is left behind."""

import threading

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.nn.precision import (
    fast_dtype,
    product_dtype,
    unit_product_error,
    without_tf32,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
DTYPES = [torch.float32, torch.bfloat16]


def rough_error(first, second, dtype):
    """Largest error of products in a dtype, against those in float64."""
    rough = (first.to(dtype) @ second.to(dtype).T).double()
    return float((rough - first.double() @ second.double().T).abs().max())


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=st.integers(0, 2**31),
    n_dims=st.integers(1, 300),
    power=st.sampled_from([0.0, 1.0, 5.0]),
)
def test_products_of_unit_vectors_keep_to_the_bound(dtype, seed, n_dims, power):
    generator = torch.Generator().manual_seed(seed)
    first, second = (
        F.normalize(x.sign() * x.abs() ** power, dim=1)
        for x in torch.randn(2, 50, n_dims, generator=generator)
    )
    assert rough_error(first, second, dtype) <= unit_product_error(dtype, n_dims)


def test_the_bound_of_bfloat16_is_no_larger_than_it_has_to_be():
    # All coordinates are just above the middle of two numbers of bfloat16.
    vector = F.normalize(torch.ones(1, 1016), dim=1)
    error = rough_error(vector, vector, torch.bfloat16)
    bound = unit_product_error(torch.bfloat16, 1016)
    assert 2 / 3 * 0.95 * bound < error <= bound


def test_the_bound_of_float32_is_far_below_that_of_bfloat16():
    for n_dims in (1, 16, 1024):
        error = unit_product_error(torch.float32, n_dims)
        assert n_dims * 2.0**-24 < error < unit_product_error(torch.bfloat16, n_dims)
        assert error < 1e-3


@pytest.mark.parametrize("hardware", DTYPES)
def test_the_dtype_that_is_asked_for(monkeypatch, hardware):
    monkeypatch.setattr("skdiffuasr.nn.precision.fast_dtype", lambda device: hardware)
    assert product_dtype(CPU, "auto") == hardware
    assert product_dtype(CPU, "float32") == torch.float32


@pytest.fixture
def cudnn_flags():
    yield torch.backends.cudnn
    torch.backends.cudnn.allow_tf32 = True


@pytest.mark.parametrize("before", [True, False])
def test_the_setting_is_given_back(cudnn_flags, before):
    cudnn_flags.allow_tf32 = before
    with without_tf32(CUDA), without_tf32(CUDA):
        assert not cudnn_flags.allow_tf32
    assert cudnn_flags.allow_tf32 == before
    with pytest.raises(KeyError), without_tf32(CUDA):
        raise KeyError
    assert cudnn_flags.allow_tf32 == before


def test_nothing_is_set_for_a_cpu(cudnn_flags):
    with without_tf32(CPU):
        assert cudnn_flags.allow_tf32


def test_threads_that_overlap_do_not_leave_the_setting_behind(cudnn_flags):
    entered, leave = threading.Event(), threading.Event()

    def inside():
        with without_tf32(CUDA):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=inside)
    with without_tf32(CUDA):
        thread.start()
        entered.wait(10)
    assert not cudnn_flags.allow_tf32
    leave.set()
    thread.join()
    assert cudnn_flags.allow_tf32


@pytest.mark.skipif(
    not hasattr(torch.backends.cudnn, "conv"), reason="torch has one setting for both"
)
def test_settings_by_operation_stay_as_they_are(cudnn_flags):
    cudnn_flags.conv.fp32_precision = "ieee"
    with without_tf32(CUDA):
        assert cudnn_flags.conv.fp32_precision == "ieee"
    assert cudnn_flags.conv.fp32_precision == "ieee"


def test_bfloat16_only_where_the_gpu_does_not_emulate_it(monkeypatch):
    capabilities = {torch.device("cuda:0"): (9, 0), torch.device("cuda:1"): (7, 5)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", capabilities.get)
    monkeypatch.setattr(torch.version, "hip", None)
    assert fast_dtype(torch.device("cuda:0")) == torch.bfloat16
    assert fast_dtype(torch.device("cuda:1")) == torch.float32
    monkeypatch.setattr(torch.version, "hip", "6.0")
    assert fast_dtype(torch.device("cuda:1")) == torch.bfloat16


def test_bfloat16_only_where_the_processor_is_faster_with_it(monkeypatch):
    cpu = torch.device("cpu")
    for capabilities, expected in [
        ({}, torch.float32),
        ({"avx512_bf16": True, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True, "amx_bf16": True}, torch.bfloat16),
    ]:
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda found=capabilities: found
        )
        assert fast_dtype(cpu) == expected
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fast_dtype(cpu) == torch.float32
