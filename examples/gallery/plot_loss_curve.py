"""
Loss curves
===========

The curves show whether training went on long enough: the loss of every epoch, and the
score used for early stopping, on its own axis.
"""

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import LossCurveDisplay

X = make_sequences(n_users=400, n_items=80, random_state=0).X
sasrec = SASRecEstimator(
    16, n_layers=1, learning_rate=5e-3, ema_decay=0.99, max_epochs=30, random_state=0
).fit(X)
LossCurveDisplay.from_estimator(sasrec)

# %%
# The diffusion model has the same curves. If the validation score is still rising at
# the end, ``max_epochs`` cut the training off.

augmenter = DiffusionSequenceAugmenter(
    4, denoiser=SUNet(n_res_blocks=1), max_epochs=20, random_state=0
).fit(X)
LossCurveDisplay.from_estimator(augmenter)

# %%
# Next: :doc:`/user_guide/training` says what else a fit leaves behind.
