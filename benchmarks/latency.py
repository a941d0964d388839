"""Latency of one request at a time: ``python -m benchmarks.latency``.

One history of Beauty's shape at a time, ten items of 12,101, one thread. The ways to
serve take turns in one process, so that what disturbs one disturbs all.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from benchmarks.logs import BEAUTY, cover, histories
from benchmarks.machine import description
from skdiffuasr import SASRecEstimator
from skdiffuasr.persistence import export, load, save

K = 10
N_WARM_UP = 20


def main(arguments=None):
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-items", type=int, default=BEAUTY["n_items"])
    parser.add_argument("--n-requests", type=int, default=1000)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    # What is learned does not change what a request costs.
    recommender = SASRecEstimator(max_epochs=1, early_stopping=False, random_state=0)
    recommender.fit(cover(histories(1000, options.n_items), options.n_items))
    requests = histories(N_WARM_UP + options.n_requests, options.n_items, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_to_serve(recommender, Path(folder))
        seconds = measure(ways, requests.to_lists())
    about = description("cpu")
    print(f"{about['cpu']}, one thread, torch {about['torch']}\n")
    print(table(seconds))


def ways_to_serve(recommender, folder):
    """Return functions of a history by how they are called."""
    save(recommender, folder / "model.safetensors")
    for name in ("model.onnx", "model.pt2"):
        export(recommender, folder / name, k=K)
    loaded = load(folder / "model.safetensors", device="cpu")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", options)
    files = {"skdiffuasr.json": ""}
    module = torch.export.load(folder / "model.pt2", extra_files=files).module()
    item_ids = json.loads(files["skdiffuasr.json"])["item_ids"]
    codes = {item: code for code, item in enumerate(item_ids)}

    def by_onnxruntime(history):
        array = np.array([[codes.get(item, -1) for item in history]])
        items, _ = session.run(None, {"histories": array})
        return [item_ids[code] for code in items[0]]

    def by_torch(history):
        items, _ = module(torch.tensor([[codes.get(item, -1) for item in history]]))
        return [item_ids[code] for code in items[0]]

    return {
        "`recommend`": lambda history: loaded.recommend([history], K)[0][0].tolist(),
        "onnxruntime": by_onnxruntime,
        "`torch.export`": by_torch,
    }


def measure(ways, requests):
    """Return the seconds of each request by each way; all answer alike."""
    seconds = {name: [] for name in ways}
    for history in requests:
        answers = []
        for name, answer in ways.items():
            started = time.perf_counter()
            answers.append(answer(history))
            seconds[name].append(time.perf_counter() - started)
        assert answers.count(answers[0]) == len(answers), history
    return {name: values[N_WARM_UP:] for name, values in seconds.items()}


def table(seconds):
    """Return a Markdown table of quantiles, and the ratio of the medians."""
    base = np.median(next(iter(seconds.values())))
    lines = ["| | p50, ms | p99, ms | p50 relative |", "|:--|--:|--:|--:|"]
    for name, values in seconds.items():
        p50, p99 = np.quantile(values, [0.5, 0.99])
        lines.append(
            f"| {name} | {1e3 * p50:.2f} | {1e3 * p99:.2f} | {p50 / base:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
