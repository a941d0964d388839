"""Part: how time and memory grow with users, items, M, lengths and sampling steps."""

from benchmarks import augmentation, recommenders
from benchmarks.measuring import Case
from skdiffuasr.augmentation.diffusion import DDIM

RECOMMENDER = "SASRec, ce"
SWEEPS = {  # what grows: (label with unit, points, curves)
    "users": (
        "users",
        (1000, 3000, 10_000, 30_000, 100_000),
        ("augmentation", "top-10"),
    ),
    "items": (
        "items of the catalogue",
        (1000, 10_000, 100_000, 1_000_000),
        ("augmentation", "top-10"),
    ),
    "pseudo_items": (
        "pseudo items M per user",
        (1, 2, 5, 10, 20, 50),
        ("augmentation",),
    ),
    "length": (
        "items of a history",
        (10, 25, 50, 100, 200, 400),
        ("training", "top-10"),
    ),
    "sampling_steps": (
        "DDIM steps",
        (1, 2, 5, 10, 20, 50, 100),
        ("augmentation",),
    ),
}
QUICK_SWEEPS = {"length": (5, 10)}


def cases(settings):
    """Return a case per point, or one per curve if a sweep has both kinds."""
    points = QUICK_SWEEPS if settings.quick else {k: v[1] for k, v in SWEEPS.items()}
    return [
        Case(
            "scaling",
            f"{sweep}={x:,}, {kind}",
            {"sweep": sweep, "x": x, "kind": kind, "device": settings.device},
            10,
        )
        for sweep, values in points.items()
        for kind in _kinds(SWEEPS[sweep][2])
        for x in values
    ]


def _kinds(curves):
    kinds = ["augmentation"] if "augmentation" in curves else []
    return [*kinds, "recommender"] if "top-10" in curves else kinds


def run(sweep, x, kind, device="cpu"):
    """Measure one point of a sweep."""
    common = {"device": device, "with_work": False}
    if kind == "augmentation":
        sizes = {"n_users": 1024, "n_items": 10_000}
        if sweep == "sampling_steps":
            sizes["sampler"] = DDIM(n_steps=x)
        else:
            sizes[f"n_{sweep}"] = x
        rows = augmentation.run(**sizes, **common)
    else:
        sizes = {"n_users": 1024, "n_items": 10_000, "length": 50, "n_tokens": 6400}
        if sweep == "length":
            sizes |= {"length": x, "n_tokens": 256 * x}
        else:
            sizes |= {f"n_{sweep}": x, "n_tokens": 250}
        rows = recommenders.run(RECOMMENDER, **sizes, **common)
    curves = SWEEPS[sweep][2]
    return [
        {"sweep": sweep, "x": x, **row} for row in rows if row["measured"] in curves
    ]
