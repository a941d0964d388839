import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.recommenders import CooccurrenceRecommender, MarkovRecommender
from skdiffuasr.sequences import Sequences

quick = settings(max_examples=60, deadline=None)


@st.composite
def histories(draw):
    row = st.lists(st.integers(0, 5), max_size=6)
    X = Sequences.from_iterable(draw(st.lists(row, min_size=1, max_size=6).filter(any)))
    generated = st.lists(st.integers(0, 7), max_size=3)
    return X.prepend(draw(st.lists(generated, min_size=len(X), max_size=len(X))))


PARAMETERS = st.fixed_dictionaries(
    {
        "window": st.integers(1, 4),
        "window_decay": st.sampled_from([0.5, 1.0]),
        "backward_weight": st.sampled_from([0.0, 0.5, 2.0]),
        "alpha": st.sampled_from([0.0, 0.3, 1.0]),
        "shrinkage": st.sampled_from([0.0, 3.0]),
        "history_decay": st.sampled_from([0.5, 1.0]),
        "max_length": st.integers(1, 4),
        "popularity_weight": st.sampled_from([0.1, 1.0]),
    }
)


def by_hand(X, rows, p):
    """Similarities and scores, one pair at a time."""
    ids = np.unique(X.values).tolist()
    counts, pairs = np.zeros(len(ids)), np.zeros((len(ids), len(ids)))
    for row, m in zip(X.to_lists(), X.n_pseudo, strict=True):
        for k, item in enumerate(row):
            counts[ids.index(item)] += k >= m
            for distance in range(1, p["window"] + 1):
                weight = p["window_decay"] ** (distance - 1)
                if k >= m and k - distance >= 0:
                    pairs[ids.index(row[k - distance]), ids.index(item)] += weight
                if k >= m and k + distance < len(row):
                    weight *= p["backward_weight"]
                    pairs[ids.index(row[k + distance]), ids.index(item)] += weight
    n = np.maximum(counts, 1)
    scale = np.outer(n ** p["alpha"], n ** (1 - p["alpha"])) + p["shrinkage"]
    similarities = pairs / scale
    popularity = counts / counts.sum()
    scores = []
    for row in rows:
        recent = row[::-1][: p["max_length"]]
        near = sum(
            p["history_decay"] ** age * similarities[ids.index(item)]
            for age, item in enumerate(recent)
        )
        share = p["popularity_weight"] if near.sum() > 0 else 1
        near = near / (near.sum() or 1)
        scores.append((1 - share) * near + share * popularity)
    return similarities, np.array(scores)


@quick
@given(histories(), PARAMETERS)
def test_scores_are_weighted_similarities_mixed_with_popularity(X, parameters):
    recommender = CooccurrenceRecommender(**parameters).fit(X)
    ids = recommender.item_ids_.tolist()
    rows = [[item, ids[0], ids[-1], item] for item in ids]
    similarities, scores = by_hand(X, rows, parameters)
    np.testing.assert_allclose(
        recommender.similarities_.toarray(), similarities, rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        recommender.decision_function(rows), scores, rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        recommender.predict_proba(rows).sum(axis=1), 1, rtol=1e-5
    )


def test_nothing_known_of_a_history_gives_popularity():
    recommender = CooccurrenceRecommender().fit([["a", "b"], ["b"], ["c"]])
    scores = recommender.decision_function([["c"]])[0]
    np.testing.assert_allclose(scores, [0.25, 0.5, 0.25], rtol=1e-6)


def test_it_reads_more_than_the_last_item():
    rng = np.random.default_rng(0)
    starts, between = rng.integers(4, size=400), 10 + rng.integers(20, size=(2, 400))
    X_train = np.stack([starts, between[0], (starts + 1) % 4], axis=1).tolist()
    X_test = np.stack([starts, between[1]], axis=1).tolist()
    better, worse = (
        each.fit(X_train).score(X_test, (starts + 1) % 4)
        for each in (CooccurrenceRecommender(), MarkovRecommender())
    )
    assert better > worse + 0.2
