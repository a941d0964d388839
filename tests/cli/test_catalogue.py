import pytest

from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS, make_estimator
from skdiffuasr.utils import all_estimators


@pytest.mark.parametrize("factories", [AUGMENTERS, RECOMMENDERS])
def test_every_name_makes_an_estimator(factories):
    for name in factories:
        estimator = make_estimator(name, factories, {"max_epochs": 3, "device": "cpu"})
        if estimator is not None and "max_epochs" in estimator.get_params():
            assert estimator.max_epochs == 3


def test_every_estimator_has_a_name():
    made = {type(make()) for make in (AUGMENTERS | RECOMMENDERS).values()}
    assert made == {cls for _, cls in all_estimators()} | {type(None)}


def test_names_are_those_of_the_papers():
    names = {"random-seq", "asrep", "reppad", "sliding-window", "diffusion"}
    assert names | {"random-popular", "diffusion-cg"} <= AUGMENTERS.keys()
    names = {
        "popularity",
        "cooccurrence",
        "markov",
        "sasrec",
        "bert4rec",
        "gru4rec",
        "s3rec",
    }
    assert (
        names | {"cl4srec", "distilled", "ensemble", "sasrec-bce"}
        == RECOMMENDERS.keys()
    )

    assert AUGMENTERS["diffusion-cg"]().guidance == "classifier"


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'sas' is not one of .*sasrec"):
        make_estimator("sas", RECOMMENDERS, {})
