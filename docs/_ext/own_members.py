"""Leave out members of a class that come from scikit-learn or torch."""


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True}


def skip_foreign(app, what, name, obj, skip, options):
    """Skip what another package defines; say nothing about the rest."""
    function = getattr(obj, "fget", obj)
    module = getattr(function, "__module__", None) or ""
    if module.partition(".")[0] in {"sklearn", "torch", "builtins"}:
        return True
    return None
