"""Fast products: how exact they are, and that nothing of them is left behind."""

import threading

import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.precision import UNIT_PRODUCT_ERROR, fast_dtype, fast_matmul


def test_products_of_unit_vectors_keep_to_the_bound():
    generator = torch.Generator().manual_seed(0)
    first, second = (
        F.normalize(torch.randn(300, 64, generator=generator), dim=1) for _ in range(2)
    )
    with fast_matmul():
        fast = first @ second.T
    exact = first.double() @ second.double().T
    assert (fast - exact).abs().max() <= UNIT_PRODUCT_ERROR


def test_the_bound_covers_rounding_to_bfloat16():
    generator = torch.Generator().manual_seed(0)
    first, second = (
        F.normalize(torch.randn(2000, 8, generator=generator), dim=1) for _ in range(2)
    )
    rounded = (first.bfloat16().double() * second.bfloat16().double()).sum(1)
    error = (rounded - (first.double() * second.double()).sum(1)).abs().max()
    assert UNIT_PRODUCT_ERROR / 20 < error <= UNIT_PRODUCT_ERROR


@pytest.mark.parametrize("before", ["highest", "high"])
def test_the_setting_is_given_back(before):
    torch.set_float32_matmul_precision(before)
    try:
        with fast_matmul(), fast_matmul():
            assert torch.get_float32_matmul_precision() == "medium"
        assert torch.get_float32_matmul_precision() == before
        with pytest.raises(KeyError), fast_matmul():
            raise KeyError
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision("highest")


def test_threads_that_overlap_do_not_leave_the_setting_behind():
    entered, leave = threading.Event(), threading.Event()

    def inside():
        with fast_matmul():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=inside)
    with fast_matmul():
        thread.start()
        entered.wait(10)
    assert torch.get_float32_matmul_precision() == "medium"
    leave.set()
    thread.join()
    assert torch.get_float32_matmul_precision() == "highest"


def test_bfloat16_only_where_the_gpu_does_not_emulate_it(monkeypatch):
    capabilities = {torch.device("cuda:0"): (9, 0), torch.device("cuda:1"): (7, 5)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", capabilities.get)
    monkeypatch.setattr(torch.version, "hip", None)
    assert fast_dtype(torch.device("cuda:0")) == torch.bfloat16
    assert fast_dtype(torch.device("cuda:1")) == torch.float32
    monkeypatch.setattr(torch.version, "hip", "6.0")
    assert fast_dtype(torch.device("cuda:1")) == torch.bfloat16


def test_bfloat16_only_where_the_processor_multiplies_it(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    assert fast_dtype(cpu) == torch.float32
    for name in ("avx512_bf16", "amx_bf16"):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda name=name: {name: True}
        )
        assert fast_dtype(cpu) == torch.bfloat16
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fast_dtype(cpu) == torch.float32
