"""Parameters of estimators and their documentation, written once and inherited."""

import ast
import inspect
import re
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class", bound=type)


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(field,))
def estimator_class(cls: _Class) -> _Class:
    """Class decorator that writes `__init__` and completes the docstring.

    The annotated defaults of the class and of its decorated base classes are the
    parameters, as in a dataclass. They are keyword-only, except those declared as
    ``field(default=..., kw_only=False)``. Annotate attributes that `fit` sets where
    they are assigned, not in the class: there they would be parameters.

    Entries under "Parameters" and "Attributes" that the docstring lacks are taken from
    the base classes. Where the class sets another default, the entry shows it. An
    `__init__` of the class's own is kept.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from skdiffuasr._estimator_class import estimator_class
    >>> @estimator_class
    ... class Network(BaseEstimator):
    ...     '''A network.
    ...
    ...     Parameters
    ...     ----------
    ...     dropout : float, default=0.5
    ...         Share of the units that are dropped.
    ...     '''
    ...     dropout: float = 0.5
    >>> @estimator_class
    ... class DeepNetwork(Network):
    ...     '''A network of several layers.
    ...
    ...     Parameters
    ...     ----------
    ...     n_layers : int, default=2
    ...         Number of layers.
    ...     '''
    ...     n_layers: int = 2
    ...     dropout: float = 0.1
    >>> DeepNetwork(n_layers=3)
    DeepNetwork(n_layers=3)
    >>> print(DeepNetwork.__doc__)  # doctest: +ELLIPSIS
    A network of several layers.
    ...
    n_layers : int, default=2
        Number of layers.
    dropout : float, default=0.1
        Share of the units that are dropped.
    """
    inherited = [
        name for base in cls.__bases__ for name in inspect.signature(base).parameters
    ]
    doc = cls.__doc__
    dataclass(eq=False, repr=False, match_args=False, kw_only=True)(cls)
    if "__init__" in vars(cls):
        _put_own_first(cls, inherited)
    cls.__doc__ = doc and _completed(cls, doc)
    return cls


def _put_own_first(cls: type, inherited: list[str]) -> None:
    """Order a signature: what the class adds comes before what it inherits."""
    init = vars(cls)["__init__"]
    signature = inspect.signature(init)
    rank = {name: place for place, name in enumerate(inherited, start=1)}
    rank["self"] = -1
    parameters = sorted(
        signature.parameters.values(),
        key=lambda parameter: (parameter.kind, rank.get(parameter.name, 0)),
    )
    init.__signature__ = signature.replace(parameters=parameters)


def _completed(cls: type, doc: str) -> str:
    """Add the entries that the class has from its base classes to a docstring."""
    sections = _sections(doc)
    summary = sections.pop("")
    signature = inspect.signature(cls).parameters
    own = _entries(sections.pop("Parameters", ""))
    inherited = {
        name: _with_default(entry, signature[name].default)
        for name, entry in _inherited_entries(cls, "Parameters").items()
        if name in signature
    }
    parameters = inherited | own
    order = dict.fromkeys([*signature, *own])
    attributes = _inherited_entries(cls, "Attributes")
    attributes |= _entries(sections.pop("Attributes", ""))
    sections = {
        "Parameters": "\n".join(
            parameters[name] for name in order if name in parameters
        ),
        "Attributes": "\n".join(attributes.values()),
        **sections,
    }
    return _joined(summary, sections)


def _inherited_entries(cls: type, title: str) -> dict[str, str]:
    """Entries of a section in the base classes; those of nearer ones win."""
    entries: dict[str, str] = {}
    for base in reversed(cls.__mro__[1:]):
        entries |= _entries(_sections(base.__doc__ or "").get(title, ""))
    return entries


def _with_default(entry: str, default: object) -> str:
    """Let the entry of a parameter name the default, unless it does."""
    header, *text = entry.split("\n", 1)
    before, marker, written = header.partition("default=")
    if not marker or ast.literal_eval(written) == default:
        return entry
    return "\n".join([f"{before}{marker}{default!r}", *text])


def _sections(doc: str) -> dict[str, str]:
    """Sections of a numpydoc docstring by their titles; what is before them by ""."""
    summary, *parts = re.split(r"^(\w[\w ]*)\n-+$", inspect.cleandoc(doc), flags=re.M)
    titles, texts = parts[::2], parts[1::2]
    return {"": summary, **dict(zip(titles, texts, strict=True))}


def _joined(summary: str, sections: dict[str, str]) -> str:
    """Put the sections that are not empty under their titles."""
    blocks = [
        f"{title}\n{'-' * len(title)}\n{text.strip()}"
        for title, text in sections.items()
        if text
    ]
    return "\n\n".join([summary.strip(), *blocks]) + "\n"


def _entries(section: str) -> dict[str, str]:
    """Entries of a section by the names that they describe."""
    entries = re.split(r"\n(?=\S)", section.strip())
    return {entry.partition(" : ")[0]: entry for entry in entries if entry}
