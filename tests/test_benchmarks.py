"""The measurements measure what they say."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks import (
    augmentation,
    defaults,
    files,
    gains,
    log_files,
    logs,
    long_history,
    recommenders,
    report,
    training,
)
from benchmarks.epochs import EpochClock
from benchmarks.measuring import Case, Settings, note_baseline, peak_memory, run_case
from benchmarks.peer_runs import hits
from benchmarks.published_reppad import SparingSASRec, held_out
from benchmarks.results import Results
from benchmarks.work import (
    OPTIMIZER_BYTES,
    TensorSpec,
    WorkRecorder,
    limit_seconds,
)
from skdiffuasr import SASRecEstimator
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.training import seeded_build

ROOT = Path(__file__).resolve().parents[1]
MACHINE = {
    "description": {
        "cpu": "abacus",
        "cores": 1,
        "threads": 1,
        "gpu": None,
        "bfloat16": False,
        "torch": "2",
    },
    "gflops_product": {"float32": 10.0, "bfloat16": 20.0},
    "gflops_convolution": {"all": 40.0},
    "gbytes_per_second": 8.0,
}


def recorded(function):
    recorder = WorkRecorder()
    with recorder:
        function()
    return recorder


def only_kernel(recorder):
    ((kernel, count),) = recorder.counts.items()
    assert count == 1
    return kernel


def test_work_of_a_matrix_product():
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    kernel = only_kernel(recorded(lambda: a @ b))
    assert kernel.flops == 2 * 3 * 5 * 7
    assert kernel.n_bytes == 4 * (3 * 5 + 5 * 7 + 3 * 7)
    assert kernel.dtype == "float32"
    assert kernel.name == "mm(3x5, 5x7)"


def test_work_of_a_product_in_place_and_of_one_into_given_memory():
    total, a, b = torch.ones(3, 7), torch.ones(3, 5), torch.ones(5, 7)
    kernel = only_kernel(recorded(lambda: total.addmm_(a, b)))
    assert kernel.flops == 2 * 3 * 5 * 7
    assert kernel.n_bytes == 4 * (3 * 5 + 5 * 7 + 2 * 3 * 7)
    kernel = only_kernel(recorded(lambda: torch.mm(a, b, out=total)))
    assert kernel.n_bytes == 4 * (3 * 5 + 5 * 7 + 3 * 7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_work_of_a_batched_product(dtype):
    a, b = torch.ones(2, 3, 5, dtype=dtype), torch.ones(2, 5, 7, dtype=dtype)
    recorder = recorded(lambda: torch.einsum("bij,bjk->bik", a, b))
    assert only_kernel(recorder).flops == 2 * 2 * 3 * 5 * 7
    summary = recorder.summary()
    assert summary["flops"] == {str(dtype).removeprefix("torch."): 420}
    n_bytes = dtype.itemsize * 2 * (3 * 5 + 5 * 7 + 3 * 7)
    assert summary["bytes"] == n_bytes


def test_work_of_a_convolution_and_its_backward_pass():
    x = torch.ones(2, 3, 8, 8, requires_grad=True)
    weight = torch.ones(5, 3, 3, 3, requires_grad=True)
    recorder = recorded(lambda: F.conv2d(x, weight, padding=1).sum().backward())
    forward = 2 * 2 * 8 * 8 * 5 * 3 * 3 * 3
    assert recorder.summary()["flops"] == {"float32": 3 * forward}
    kernels = {k.name.partition("(")[0]: k for k in recorder.counts}
    x_bytes, weight_bytes, y_bytes = (4 * n for n in (2 * 3 * 64, 5 * 27, 2 * 5 * 64))
    assert kernels["convolution"].n_bytes == x_bytes + weight_bytes + y_bytes
    # The gradient of the result is one number, expanded.
    assert kernels["convolution_backward"].n_bytes == 4 + 2 * (x_bytes + weight_bytes)


@pytest.mark.parametrize("is_causal", [False, True])
def test_work_of_attention(is_causal):
    query = torch.ones(2, 1, 6, 4, requires_grad=True)

    def attend():
        F.scaled_dot_product_attention(query, query, query, is_causal=is_causal)

    pairs = 6 * 7 // 2 if is_causal else 6 * 6
    assert recorded(attend).summary()["flops"] == {"float32": 2 * pairs * 4 * 2 * 2}


@pytest.mark.parametrize(
    ("tensor", "n_bytes"),
    [
        (torch.ones(3, 4).T, 48),
        (torch.ones(3, 1).expand(3, 4), 12),
        (torch.ones(3, 4, dtype=torch.bfloat16), 24),
        (torch.ones(0, 2), 0),
    ],
    ids=["transposed", "expanded", "bfloat16", "empty"],
)
def test_tensors_are_remade_as_they_were(tensor, n_bytes):
    spec = TensorSpec.of(tensor)
    assert TensorSpec.of(spec.random()) == spec
    assert spec.n_bytes == n_bytes


def test_limit_is_set_by_operations_or_by_bytes():
    work = {"flops": {"float32": 40e9, "bfloat16": 40e9}, "bytes": 0}
    work["optimizer_bytes"] = 0
    assert limit_seconds(work, MACHINE) == pytest.approx(1 + 2)
    work |= {"bytes": 32e9, "optimizer_bytes": 8e9}
    assert limit_seconds(work, MACHINE) == pytest.approx(5)


def test_steps_of_an_epoch_and_traffic_of_the_optimiser():
    X = logs.histories(64, 20, length=6)
    model = SASRecEstimator(
        embedding_dim=8,
        max_length=5,
        batch_size=16,
        max_epochs=3,
        early_stopping=False,
        device="cpu",
    )
    recorder = WorkRecorder()
    with EpochClock() as clock, recorder:
        model.fit(X)
    assert len(clock.times) == 3 * 4
    assert len(clock.epoch_seconds(3)) == 2
    n_weights = sum(weight.size for weight in model.weights_.values())
    traffic = recorder.summary()["optimizer_bytes"]
    assert traffic == 12 * OPTIMIZER_BYTES * n_weights


def test_peak_memory_is_that_of_the_block():
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("The kernel does not reset the high-water mark.")
    note_baseline()
    with peak_memory() as before:
        pass
    with peak_memory() as peak:
        array = np.ones(200 * 2**17)
        del array
    assert 190 < peak.mib - before.mib < 230


def test_a_case_that_fails_is_recorded():
    result = run_case(Case("overhead", "wrong", {"what": "import", "wrong": 1}))
    assert "unexpected keyword argument 'wrong'" in result["error"]


def test_log_has_the_shape_of_beauty():
    X = logs.whole_log()
    assert len(X) == 22_363
    assert np.median(X.lengths) == 6
    assert X.lengths.mean() == pytest.approx(9, abs=0.3)
    assert len(np.unique(X.values)) == 12_101
    assert logs.cover(X[:10], 50).lengths[10:].tolist() == [1] * 50


@pytest.mark.parametrize("name", log_files.FORMATS)
def test_files_hold_the_log_that_was_drawn(tmp_path, name):
    path = tmp_path / ("log.parquet" if name == "parquet" else "log")
    log_files.write(name, 50, path)
    log = (files.read_yelp if name == "json lines" else files.read_interactions)(path)
    for found, drawn in zip((log.user, log.item), log_files.draw(50)[:2], strict=True):
        numbers = [int(str(id).lstrip("uB")) for id in found]
        assert numbers == drawn.tolist()
    seconds = log.time.astype("M8[s]") if log.time.dtype.kind == "M" else log.time
    assert seconds.astype(int).tolist() == log_files.draw(50)[2].tolist()


def test_seconds_and_memory_of_reading(tmp_path):
    case = files.cases(Settings(quick=True))[0]
    (row,) = files.run(**case.parameters)
    assert row["seconds"] > 0
    assert row["array_mib"] == 2000 * 3 * 8 / 2**20
    text = report.files_table({case.name: {"rows": [row]}})
    assert "| csv | 2,000 |" in text


def test_hits_of_top_10():
    top_10 = np.arange(40).reshape(4, 10)
    found = hits(top_10, np.array([0, 12, 99, 39]))
    assert found["hr@10"] == 3 / 4
    gain = 1 + 1 / math.log2(4) + 1 / math.log2(11)
    assert found["ndcg@10"] == pytest.approx(gain / 4)


def test_report_of_results_that_were_saved(tmp_path):
    row = {"measured": "training", "amount": 50, "unit": "pairs", "seconds": 0.5}
    row |= {"per_second": 100.0, "peak_mib": 12.3}
    row["work"] = {"flops": {"float32": 4e9}, "bytes": 0, "optimizer_bytes": 0}
    row["work"]["kernel_seconds"] = 0.25
    case, broken = Case("training", "tiny", {"path": "/x"}), Case("training", "big", {})
    path = tmp_path / "speed.json"
    results = Results(path, Settings(), MACHINE)
    results.add("training", case, {"rows": [row]})
    results.add("training", broken, {"error": "no memory"})
    again = Results(path, Settings(), MACHINE)
    assert again.has("training", case)
    assert not again.has("training", broken)
    assert again.data["parts"]["training"]["tiny"]["parameters"] == {}
    text = report.render(again.data)
    assert "| tiny | training | 100 pairs | 0.5 | 12.3 | 4 | 0 | 20 | 50 |" in text
    assert "- Failed: big: no memory" in text
    assert "abacus" in text


@pytest.mark.filterwarnings("ignore:X gives only .* training pairs")
@pytest.mark.parametrize("part", [augmentation, training, recommenders])
def test_every_case_runs(part):
    for case in part.cases(Settings(quick=True)):
        for row in part.run(**case.parameters):
            assert row["seconds"] > 0


@pytest.mark.parametrize("shape", long_history.SHAPES)
def test_shapes_have_as_many_items(shape):
    X = long_history.histories(shape, n_users=20, n_long=400, n_items=60)
    assert len(X.values) == 20 * long_history.LENGTH + 400
    ordinary = X[: -1 if shape == "one long" else None]
    assert set(ordinary.lengths) == {long_history.LENGTH}
    if shape == "one long":
        assert len(ordinary) == 20
        assert len(np.unique(X[-1])) <= 20


@pytest.mark.parametrize("name", ["crop", "asrep, unique", "markov", "sasrec"])
def test_one_long_history_is_measured_against_even_ones(name):
    cases = {}
    for case in long_history.cases(Settings(quick=True)):
        if case.parameters["name"] == name:
            cases[case.name] = {"rows": long_history.run(**case.parameters)}
    assert len(cases) == 2
    for case in cases.values():
        for row in case["rows"]:
            row["peak_mib"] = 3.0 if row["shape"] == "one long" else 2.0
    lines = report.long_history_table(cases).splitlines()[2:]
    assert [line.split(" | ")[1] for line in lines] == ["fit", "use"]
    assert all(line.endswith("| 3 | 2 | 1.5 |") for line in lines)


@pytest.mark.slow
def test_quick_run(tmp_path):
    parts = [
        "augmentation",
        "training",
        "recommenders",
        "overhead",
        "long-history",
        "files",
    ]
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(tmp_path)]
    subprocess.run([*command, "--parts", *parts], check=True, cwd=ROOT)
    data = json.loads((tmp_path / "speed.json").read_text())
    assert list(data["parts"]) == parts
    for cases in data["parts"].values():
        for result in cases.values():
            assert all(row["seconds"] > 0 for row in result["rows"])
    assert "Failed" not in (tmp_path / "speed.md").read_text()


@pytest.mark.slow
def test_all_ways_to_serve_answer_alike():
    command = [sys.executable, "-m", "benchmarks.latency"]
    command += ["--n-items=50", "--n-requests=5"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    assert "| onnxruntime |" in done.stdout


def test_published_reppad_spares_the_items_that_come_later():
    """Of the items 0 to 4 one alone may be a negative of the row 0, 1."""
    data = leave_last_out_data([[0, 1, 2, 3], [3, 2, 4, 0], [4, 3, 2, 1]])
    model = SparingSASRec()
    model._spared = held_out(data)
    assert model._spared[frozenset({0, 1})] == (2, 3)
    module = seeded_build(lambda: SASRec(5, 4, max_length=1), 0).eval()
    hidden = module.last_hidden(torch.tensor([[0]]), torch.tensor([1]))
    scores = (hidden @ module.item_embedding.weight.T)[0]
    expected = F.softplus(-scores[1]) + F.softplus(scores[4])
    row = torch.tensor([[0]]), torch.tensor([1]), torch.tensor([[1]])
    losses = torch.stack([model._loss(module, *row) for _ in range(50)])
    drawn = losses[losses.isfinite()]  # where the negative was spared there is none
    assert 0 < len(drawn) < 50
    torch.testing.assert_close(drawn, expected.expand_as(drawn))


@pytest.fixture
def small_log(tmp_path):
    """A log of text and a file of attributes."""
    X = logs.histories(30, 12, length=6)
    pairs = [f"{user} {item}" for user, row in enumerate(X) for item in row]
    (tmp_path / "log.txt").write_text("\n".join(pairs) + "\n")
    attributes = {str(item): [item % 3] for item in range(12)}
    (tmp_path / "attributes.json").write_text(json.dumps(attributes))
    return tmp_path


SETTING = "max_epochs=1,embedding_dim=4,n_layers=1"


def run_main(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()


def test_settings_are_run_once(small_log, monkeypatch):
    out = small_log / "runs.jsonl"
    command = [small_log / "log.txt", "--out", out, "--seeds", 0, 1, "--set", SETTING]
    run_main(defaults, monkeypatch, *command)
    written = out.read_text()
    runs = [json.loads(line) for line in written.splitlines()]
    assert [run["seed"] for run in runs] == [0, 1]
    assert all(0 <= run["ndcg@10"] <= run["hr@10"] <= 1 for run in runs)
    run_main(defaults, monkeypatch, *command)
    assert out.read_text() == written


def test_gains_go_on_where_they_stopped(small_log, monkeypatch):
    out = small_log / "gains"
    command = [small_log / "log.txt", "--out", out, "--seeds", 0, "--set", SETTING]
    command += ["--attributes", small_log / "attributes.json"]
    run_main(gains, monkeypatch, *command, "--only", "plain", "ensemble")
    trained = {path: path.stat().st_mtime_ns for path in (out / "models").iterdir()}
    assert len(trained) == 2 * (gains.N_MEMBERS + 1)
    models = [
        name for name in gains.MODELS + gains.WITH_ATTRIBUTES if name != "diffusion"
    ]
    run_main(gains, monkeypatch, *command, "--only", *models)
    found = {path: path.stat().st_mtime_ns for path in (out / "models").iterdir()}
    assert len(found) == 2 * (2 * (gains.N_MEMBERS + 1) + 2)  # and two students
    assert trained.items() <= found.items()
    text = (out / "recommenders.csv").read_text()
    for model in models[1:]:
        assert f"\n{model},plain," in text
