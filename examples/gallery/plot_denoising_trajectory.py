"""
From noise to items
===================

The items that each position of one history is nearest to, at every step of the
sampler. The first row is noise, the last one is what is put before the history; the
colour says how near a step is to the end.
"""

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import DenoisingTrajectoryDisplay

X = make_sequences(n_users=400, n_items=80, random_state=0).X
augmenter = DiffusionSequenceAugmenter(
    5, n_res_blocks=1, max_epochs=20, n_sampling_steps=8, random_state=0
).fit(X)

DenoisingTrajectoryDisplay.from_estimator(augmenter, X[:1])
