"""Settings of all tests."""

from hypothesis import Phase, settings

# A loaded machine is slow, not wrong.
settings.register_profile("patient", deadline=None)
# A mutant is to be noticed, not understood: no smaller example is looked for
# by `make mutation`.
settings.register_profile(
    "mutation",
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
)
settings.load_profile("patient")
