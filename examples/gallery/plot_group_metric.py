"""
A metric by user group
======================

The mean over all users hides who gains and who loses. Here is NDCG@10 by the number of
known items per user, with bootstrap intervals, for two models side by side.
"""

from skdiffuasr import MarkovRecommender, SASRecEstimator
from skdiffuasr.datasets import make_sequences
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.plotting import GroupMetricDisplay

log = make_sequences(n_users=600, n_items=80, random_state=0)
X_train, _, X_test, y_test = leave_last_out(log.X)
baseline = MarkovRecommender().fit(X_train)
sasrec = SASRecEstimator(
    16,
    n_layers=1,
    max_length=20,
    learning_rate=5e-3,
    ema_decay=0.99,
    max_epochs=30,
    random_state=0,
).fit(X_train)

# %%
# Draw the second model next to the first, on the same axes.

display = GroupMetricDisplay.from_estimator(
    baseline, X_test, y_test, name="Markov chain"
)
GroupMetricDisplay.from_estimator(sasrec, X_test, y_test, name="SASRec", ax=display.ax_)

# %%
# Next: :doc:`plot_length_gain` draws the difference between two models.
