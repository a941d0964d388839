"""What is public: the site documents it, and the tests check its docstrings.

Public is what a room exports in ``__all__``, the classes of ``nn/``, and the base
classes of both, from which contributors derive their own. No list is kept by hand.
"""

import inspect
import pkgutil
from importlib import import_module

import skdiffuasr


def public_objects():
    """Return the public objects of each room: full name to object, by room.

    A name that the top of the package exports is the shortest, ``skdiffuasr.<name>``.
    """
    return {room.__name__: _objects_of(room) for room in _rooms()}


def _rooms():
    """Yield the packages inside the package but the command line, which has --help."""
    for module in pkgutil.iter_modules(skdiffuasr.__path__, "skdiffuasr."):
        if module.ispkg and module.name != "skdiffuasr.cli":
            yield import_module(module.name)


def _objects_of(room):
    exported = {}
    for package in _packages(room):
        for name in getattr(package, "__all__", ()):
            value = getattr(package, name)
            if not any(value is other for other in exported.values()):
                exported[_full_name(package, name, value)] = value
    if room.__name__ == "skdiffuasr.nn":
        exported |= _classes_inside(room)
    known = list(exported.values())
    bases = {
        f"{base.__module__}.{base.__name__}": base
        for value in known
        if inspect.isclass(value)
        for base in value.__mro__
        if base.__name__.startswith("Base")
        and base.__module__.startswith(f"{room.__name__}.")
        and base not in known
    }
    return exported | bases


def _packages(room):
    """Yield a room and the rooms inside it, outer ones first."""
    yield room
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if module.ispkg:
            yield import_module(module.name)


def _full_name(package, name, value):
    is_at_the_top = getattr(skdiffuasr, name, None) is value
    return f"{'skdiffuasr' if is_at_the_top else package.__name__}.{name}"


def _classes_inside(room):
    """Classes without an underscore that the modules of a room define."""
    names = [
        module.name
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    ]
    return {
        f"{name}.{cls.__name__}": cls
        for name in names
        for cls in vars(import_module(name)).values()
        if inspect.isclass(cls) and cls.__module__ == name and cls.__name__[0] != "_"
    }
