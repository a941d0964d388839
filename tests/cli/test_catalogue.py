import pytest

from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS, make_estimators


@pytest.mark.parametrize("factories", [AUGMENTERS, RECOMMENDERS])
def test_every_name_makes_an_estimator(factories):
    made = make_estimators(
        list(factories), factories, {"max_epochs": 3, "device": "cpu"}
    )
    assert list(made) == list(factories)
    for estimator in made.values():
        if estimator is not None and "max_epochs" in estimator.get_params():
            assert estimator.max_epochs == 3


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'sas' is not one of .*sasrec"):
        make_estimators(["sas"], RECOMMENDERS, {})
