"""The studies behind docs/results_appendix.md, on logs named on the command line.

    python -m benchmarks.study PART LOG --out DIR [--attributes FILE] [--seeds N]
                               [--patience EPOCHS] [--only AUGMENTER ...]
                               [--recommenders RECOMMENDER ...]

PART is one of

- ``sasrec``: the augmenters with SASRec, full softmax;
- ``backbones``: the same with BERT4Rec, S3-Rec and CL4SRec;
- ``bce``: the augmenters with SASRec and the loss of their authors, one negative;
- ``controls``: all backbones without augmentation;
- ``choices``: number of pseudo items, variants, and short histories only.

DIR keeps every run; the same command resumes where it stopped. Give each part and each
patience its own DIR: a report covers one of them.
"""

import argparse
from functools import partial
from pathlib import Path

from skdiffuasr import (
    ASRePAugmenter,
    BERT4RecEstimator,
    CL4SRecEstimator,
    DiffusionSequenceAugmenter,
    GRU4RecEstimator,
    RandomAugmenter,
    RandomSequenceAugmenter,
    RepeatedPaddingAugmenter,
    S3RecEstimator,
    SASRecEstimator,
)
from skdiffuasr.augmentation.diffusion import DenoiserTraining
from skdiffuasr.cli.side_information import read_attributes
from skdiffuasr.datasets import read_interactions
from skdiffuasr.study import AugmentationStudy

MAX_LENGTH = 50

diffusion = partial(
    DiffusionSequenceAugmenter, max_epochs=20, training=DenoiserTraining(patience=5)
)


def augmenters(memory):
    return {
        "Random": RandomAugmenter(),
        "Random-Seq": RandomSequenceAugmenter(),
        "RepPad": RepeatedPaddingAugmenter(max_length=MAX_LENGTH),
        "ASReP": ASRePAugmenter(max_length=MAX_LENGTH, patience=5),
        "diffusion CF": diffusion(memory=memory),
        "diffusion CG": diffusion(guidance="classifier", memory=memory),
    }


def choices(memory):
    made = {
        f"M={n_pseudo_items}": diffusion(n_pseudo_items, memory=memory)
        for n_pseudo_items in (1, 2, 5, 10, 20)
    }
    made["M=10, 8 variants"] = diffusion(n_variants=8, memory=memory)
    made["M=2, 8 variants"] = diffusion(2, n_variants=8, memory=memory)
    made["M=10, histories <= 5"] = diffusion(max_history_length=5, memory=memory)
    made["M=10, 8 variants, histories <= 5"] = diffusion(
        n_variants=8, max_history_length=5, memory=memory
    )
    made["M=10, 8 variants, in training only"] = diffusion(
        n_variants=8, augment_at="fit", memory=memory
    )
    return made


def backbones(attributes, common):
    return {
        "BERT4Rec": BERT4RecEstimator(**common),
        "S3-Rec": S3RecEstimator(item_attributes=attributes, **common),
        "CL4SRec": CL4SRecEstimator(**common),
    }


def chosen(estimators, names):
    if names is None:
        return estimators
    unknown = [name for name in names if name not in estimators]
    if unknown:
        raise ValueError(f"unknown {unknown}; this part has {list(estimators)}")
    return {name: estimators[name] for name in names}


def make_study(
    part, memory, attributes=None, seeds=3, patience=5, only=None, behind=None
):
    common = {"max_length": MAX_LENGTH, "patience": patience}
    sasrec = {"SASRec": SASRecEstimator(**common)}
    one_negative = {"SASRec, one negative": SASRecEstimator(loss="bce", **common)}
    recurrent = {"GRU4Rec": GRU4RecEstimator(**common)}
    compared, recommenders = {
        "sasrec": (augmenters(memory), sasrec),
        "backbones": (augmenters(memory), backbones(attributes, common)),
        "bce": (augmenters(memory), one_negative),
        "controls": ({}, {**recurrent, **backbones(attributes, common)}),
        "choices": (choices(memory), sasrec),
    }[part]
    return AugmentationStudy(
        chosen(compared, only), chosen(recommenders, behind), seeds
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "part", choices=("sasrec", "backbones", "bce", "controls", "choices")
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--attributes", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--only", nargs="*", metavar="AUGMENTER")
    parser.add_argument("--recommenders", nargs="+", metavar="RECOMMENDER")
    options = parser.parse_args()
    out = options.out.resolve()
    attributes = None
    if options.attributes is not None:
        attributes = read_attributes(options.attributes, are_integers=True)
    try:
        study = make_study(
            options.part,
            str(out / "trainings"),
            attributes,
            options.seeds,
            options.patience,
            options.only,
            options.recommenders,
        )
    except ValueError as error:
        parser.error(str(error))
    study.run(
        read_interactions(options.log),
        out,
        dataset_name=options.log.name,
        verbose=1,
    )


if __name__ == "__main__":
    main()
