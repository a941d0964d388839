"""Settings of the documentation site; ``make docs`` builds it."""

import sys
from pathlib import Path

import skdiffuasr

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

project = "skdiffuasr"
author = "the skdiffuasr developers"
copyright = author
release = version = skdiffuasr.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "own_members",
    "code_names",
    "doctest_blocks",
    "metric_names",
    "repository_links",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "literal"  # backticks in docstrings; code_names links the public names
# Targets outside of this site. Their sites cannot be asked while it is built: a build
# gives the same result with and without a network.
nitpick_ignore = [
    ("py:class", "sklearn.utils.Bunch"),  # the type that `make_sequences` returns
    ("py:class", "torch.device"),  # what `resolve_device` passes strings to
]

# API reference
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc sections give types, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template of classes lists them

# Markdown
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": ["../examples/gallery"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "reference_url": {"skdiffuasr": None},
    "backreferences_dir": None,
    "remove_config_comments": True,  # those that choose a thumbnail
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
    "min_reported_time": 1000,
}

# Pages
PAGES_WITHOUT_SECTIONS = [
    "index",
    "installation",
    "method",
    "results",
    "results_appendix",
    "pitfalls",
    "measurements",
    "performance",
    "comparison",
    "changelog",
    "contributing",
]
toc_object_entries_show_parents = "hide"
html_theme = "pydata_sphinx_theme"
html_title = "skdiffuasr"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {page: [] for page in PAGES_WITHOUT_SECTIONS}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
