"""
From noise to items
===================

The item nearest to each generated position of one history, at every step of the
sampler. The first row is noise; the last row goes before the history. The colour shows
how close a step is to the end.
"""

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import DDIM, SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import DenoisingTrajectoryDisplay

X = make_sequences(n_users=400, n_items=80, random_state=0).X
augmenter = DiffusionSequenceAugmenter(
    5,
    denoiser=SUNet(n_res_blocks=1),
    sampler=DDIM(n_steps=8),
    max_epochs=20,
    random_state=0,
).fit(X)

DenoisingTrajectoryDisplay.from_estimator(augmenter, X[:1])

# %%
# Next: :doc:`plot_how_it_works` goes through the steps one by one.
