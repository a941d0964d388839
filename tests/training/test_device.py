import pytest
import torch

from skdiffuasr.training import resolve_device


@pytest.mark.parametrize(("available", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_cuda_where_there_is_one(monkeypatch, available, kind):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert resolve_device("auto").type == kind


def test_a_device_may_be_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(ValueError, match=r"device='cuda:2', but torch finds 2 CUDA"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_the_only_device_has_number_0(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device(device) == torch.device(device)


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "mps", "meta", "xpu:0"])
def test_devices_that_cannot_be_used_are_refused(device):
    message = (
        f"device='{device}' is not a torch device that works here; use 'auto', 'cpu'"
    )
    with pytest.raises(ValueError, match=message):
        resolve_device(device)


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device='cuda:0', but torch finds no CUDA"):
        resolve_device("cuda:0")
