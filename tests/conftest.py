"""Settings of all tests."""

import os

from hypothesis import Phase, settings

# A loaded machine is slow, not wrong.
settings.register_profile("patient", deadline=None)
# A mutant is to be noticed, not understood: no smaller example is looked for.
settings.register_profile(
    "mutation",
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
)
is_mutant = "MUTANT_UNDER_TEST" in os.environ
settings.load_profile("mutation" if is_mutant else "patient")
