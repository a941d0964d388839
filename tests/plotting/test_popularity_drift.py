import numpy as np

from skdiffuasr.plotting import PopularityDriftDisplay


def test_popularity_is_counted_in_the_histories(split, augmenter, recommender):
    X = split[0]
    display = PopularityDriftDisplay.from_estimator(
        augmenter, X, recommender=recommender, k=2
    )
    counts = {item: (X.values == item).sum() for item in np.unique(X.values)}
    for name, items in {
        "observed": X.values,
        "pseudo": augmenter.generate(X).ravel(),
        "recommended": recommender.recommend(X, 2)[0].ravel(),
    }.items():
        expected = [counts[item] for item in items.tolist()]
        np.testing.assert_array_equal(display.popularities[name], expected)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["observed", "pseudo", "recommended"]


def test_items_outside_the_catalogue_have_no_occurrences():
    display = PopularityDriftDisplay.from_predictions(
        {"a": ["x", "z"], "none": []}, ["x", "y"], [3, 1]
    )
    assert display.popularities["a"].tolist() == [3, 0]
    assert len(display.ax_.get_lines()) == 1
