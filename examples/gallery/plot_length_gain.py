"""
Who gains from augmentation?
============================

The difference between a recommender behind an augmenter and the same recommender alone,
on the same users, against the number of known items per user. If an interval contains
0, either of the two may be better.
"""

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.plotting import LengthGainDisplay

log = make_sequences(n_users=600, n_items=80, random_state=0)
X_train, _, X_test, y_test = leave_last_out(log.X)
sasrec = SASRecEstimator(
    16,
    n_layers=1,
    max_length=20,
    learning_rate=5e-3,
    ema_decay=0.99,
    max_epochs=30,
    random_state=0,
)
augmenter = DiffusionSequenceAugmenter(
    4, denoiser=SUNet(n_res_blocks=1), max_epochs=10, random_state=0
)
# A pipeline fits the very object that it is given.
augmented = Pipeline([("aug", augmenter), ("rec", clone(sasrec))]).fit(X_train)
sasrec.fit(X_train)

LengthGainDisplay.from_estimator(augmented, sasrec, X_test, y_test)

# %%
# Next: :doc:`/user_guide/study` draws this for every augmenter on your log.
