"""A forked process answers where torch's threads would let it wait for ever."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork"
)

# The parent does with several threads what the child then does once more.
SCRIPT = """
import json, os, signal, sys, time, warnings
import torch
from skdiffuasr.augmentation import ASRePAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.recommenders import MarkovRecommender, SASRecEstimator

n_threads, name = int(sys.argv[1]), sys.argv[2]
X = make_sequences(400, 1000, random_state=0).X
settings = dict(embedding_dim=64, max_epochs=1, random_state=0, device="cpu")
markov = MarkovRecommender().fit(X)
sasrec = SASRecEstimator(early_stopping=False, **settings)
asrep = ASRePAugmenter(2, **settings)
run = {
    "recommend": lambda: markov.recommend(X)[1],
    "fit": lambda: sasrec.fit(X).decision_function(X),
    "use": lambda: sasrec.decision_function(X),
    "generate": lambda: asrep.generate(X),
}[name]

torch.set_num_threads(n_threads)
torch.rand(600, 600) @ torch.rand(600, 600)
torch.rand(1_000_000).sum()
{"use": sasrec, "generate": asrep}.get(name, markov).fit(X)
expected = run()
child = os.fork()
if child == 0:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error = max(float(abs(run() - expected).max()) for _ in range(2))
        torch.rand(600, 600) @ torch.rand(600, 600)
    found = [str(warning.message) for warning in caught]
    print(json.dumps([error, torch.get_num_threads(), found]), flush=True)
    os._exit(0)
deadline = time.monotonic() + 120
while not os.waitpid(child, os.WNOHANG)[0]:
    if time.monotonic() > deadline:
        os.kill(child, signal.SIGKILL)
        sys.exit("the child hangs")
    time.sleep(0.05)
"""


def run_in_child(n_threads, name):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(n_threads), name],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    "name",
    [
        "recommend",
        "fit",
        pytest.param("use", marks=pytest.mark.slow),
        pytest.param("generate", marks=pytest.mark.slow),
    ],
)
def test_a_child_of_a_parent_with_two_threads_answers_with_one(name):
    error, n_threads, warnings = run_in_child(2, name)
    assert error < 1e-3
    assert n_threads == 1
    assert len(warnings) == 1
    assert "forked" in warnings[0]
    assert "spawn" in warnings[0]


@pytest.mark.slow
def test_a_child_of_a_parent_with_one_thread_is_not_warned():
    error, n_threads, warnings = run_in_child(1, "use")
    assert error < 1e-5
    assert n_threads == 1
    assert warnings == []
