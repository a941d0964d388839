"""Messages of the library in the words of the command line."""

import argparse
import re

# What is not an option that a message could mean.
_OTHERS = frozenset({"config", "debug", "log", "model", "name", "run"})

# Options that are not called after their parameter.
_NAMES = {
    "item_attributes": "attributes",
    "item_features": "features",
    "random_state": "seed",
}

_VALUE = r"('[^']*'|(?!None|True|False)[-\w.]*\w)"


def option_of(name: str) -> str:
    """Return the option that sets a parameter."""
    return "--" + _NAMES.get(name, name).replace("_", "-")


def with_options(message: str, options: argparse.Namespace) -> str:
    """Replace the parameters in a message by the options that set them.

    A parameter is seen where scikit-learn would quote it, with its value, such as
    ``max_epochs=0``, or by itself if its name cannot be another word.
    """
    for name in sorted({*vars(options), *_NAMES} - _OTHERS):
        option = option_of(name)
        message = re.sub(rf"[Tt]he '{name}' parameter of \w+", option, message)
        message = re.sub(rf"\b{name}={_VALUE}", rf"{option} \1", message)
        if "_" in name:
            message = re.sub(rf"(?<![-\w.]){name}\b(?!=)", option, message)
    return message
