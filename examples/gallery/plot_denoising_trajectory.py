"""
From noise to items
===================

The item nearest to each generated position of one history, at every step of the
sampler. The first row is noise; the last row goes before the history. The colour shows
how close a step is to the end.
"""

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import DenoisingTrajectoryDisplay

X = make_sequences(n_users=400, n_items=80, random_state=0).X
augmenter = DiffusionSequenceAugmenter(
    5, n_res_blocks=1, max_epochs=20, n_sampling_steps=8, random_state=0
).fit(X)

DenoisingTrajectoryDisplay.from_estimator(augmenter, X[:1])
