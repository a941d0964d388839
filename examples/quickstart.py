"""Recommend with and without diffusion augmentation, and compare on the same users.

The log is synthetic. The last item of every history is held out for the test and the
one before it is left aside. Four models are fitted on what remains: two floors that
any trained model has to beat, SASRec, and SASRec behind the augmenter. All of them
rank the whole catalogue.

The models are small and trained for a few epochs, so that the script ends in less than
a minute on one core. Its figures show what to look at, not what the method can do. With
your own log, replace `make_sequences` by `read_interactions`, and leave the training
parameters at their defaults.

Run it with ``python examples/quickstart.py``.
"""

import numpy as np
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer, length_groups, paired_bootstrap
from skdiffuasr.model_selection import leave_last_out

METRICS = ("ndcg@10", "hr@10")


def make_models(random_state):
    """Two floors, and the same recommender without and with augmentation."""
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items=5,
        embedding_dim=16,
        n_res_blocks=1,
        max_epochs=10,
        random_state=random_state,
    )
    recommender = SASRecEstimator(
        embedding_dim=32,
        n_layers=1,
        max_length=30,
        dropout=0.3,
        learning_rate=5e-3,
        max_epochs=25,
        random_state=random_state,
    )
    return {
        "popularity": PopularityRecommender(),
        "Markov chain": MarkovRecommender(),
        "SASRec": recommender,
        "diffusion + SASRec": Pipeline([("aug", augmenter), ("rec", recommender)]),
    }


def print_metrics(values):
    """Print the mean of each metric for each model."""
    print(f"{'model':<20}" + "".join(f"{metric:>10}" for metric in METRICS))
    for name, of_model in values.items():
        means = "".join(f"{of_model[metric].mean():>10.4f}" for metric in METRICS)
        print(f"{name:<20}{means}")


def print_difference(augmented, plain, groups):
    """Print the paired difference of NDCG@10 for all users and for each group."""
    rows = {"all": np.ones(len(plain), dtype=bool)}
    for code, name in enumerate(groups.names):
        rows[f"{name} items"] = groups.codes == code
    header = f"{'users':<14}{'n':>6}{'without':>10}{'with':>10}{'difference':>12}"
    print(f"{header}  95 % interval")
    for name, users in rows.items():
        if users.sum() < 2:
            print(f"{name:<14}{users.sum():>6}")
            continue
        result = paired_bootstrap(augmented[users], plain[users], random_state=0)
        print(
            f"{name:<14}{users.sum():>6}{plain[users].mean():>10.4f}"
            f"{augmented[users].mean():>10.4f}{result.difference:>+12.4f}"
            f"  [{result.low:+.4f}, {result.high:+.4f}]"
        )


def main(random_state=0):
    """Fit the models, and print a table of metrics and one of differences."""
    log = make_sequences(n_users=1000, n_items=200, random_state=random_state)
    X_train, _, X_test, y_test = leave_last_out(log.X)
    scorer = NextItemScorer(METRICS)
    values = {}
    for name, model in make_models(random_state).items():
        model.fit(X_train)
        values[name] = scorer.per_user(model, X_test, y_test)

    print(f"{len(X_train)} users, {len(log.item_ids)} items, full ranking, one seed.\n")
    print_metrics(values)
    print("\nDifference of NDCG@10 by the number of items that are known of a user:")
    print_difference(
        values["diffusion + SASRec"]["ndcg@10"],
        values["SASRec"]["ndcg@10"],
        length_groups(X_test.lengths),
    )


if __name__ == "__main__":
    main()
