"""Only the pages are doctests: what makes the site is no part of the package."""

collect_ignore_glob = [
    "conf.py",
    "_ext/*",
    "_build/*",
    "api/*",
    "gallery/*",
    "generated/*",
    "notebooks/*",
]
