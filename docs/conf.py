"""Sphinx settings: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``."""

import os
import re
import tomllib
from html import escape
from pathlib import Path

import torch
from docutils.nodes import Text, literal_block, note, paragraph, reference
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sphinx_gallery.sorting import ExplicitOrder

import sklearn_ae

torch.set_num_threads(1)  # examples run in this process

project = "sklearn_ae"
author = "The sklearn_ae developers"
copyright = author
version = release = sklearn_ae.__version__
metadata = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx-mathjax-offline",  # formulas without a network
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery"]
templates_path = ["_templates"]

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

LONGEST_DESCRIPTION = 160  # searches show about as much

autodoc_typehints = "none"  # docstrings have them in words

# The template of a class lists its methods; numpydoc would list them once more.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

autosummary_context = {
    # Methods that every scikit-learn estimator has are named, not explained.
    "from_scikit_learn": {*dir(TransformerMixin), *dir(ClassNamePrefixFeaturesOutMixin)}
    | set(dir(BaseEstimator)),
}

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

plot_formats = [("png", 150)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False

gallery_sections = {
    "pca": [
        "autoencoder_beside_pca",
        "when_pca_is_enough",
        "maps",
        "classifier_pipeline",
        "target_weight",
    ],
    "tables": ["census_table", "scaling", "compressing_a_table"],
    "tasks": ["denoising_digits", "generating_digits", "outliers"],
    "training": ["losses", "grid_search", "callbacks", "convolutional", "torch_by_hand"],
}

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "parallel": 2,  # a process per example, as CI has two cores
    "backreferences_dir": "api/backreferences",
    "doc_module": ("sklearn_ae",),
    "download_all_examples": False,
    "image_srcset": ["2x"],
    "min_reported_time": 1,
    "remove_config_comments": True,
    "reset_modules": ("matplotlib",),
    "show_memory": False,
    "subsection_order": [f"gallery/{section}" for section in gallery_sections],
    "within_subsection_order": ExplicitOrder(
        [f"plot_{name}.py" for names in gallery_sections.values() for name in names]
    ),
}

smartquotes = False  # "auto" in a docstring is what to type
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_ae"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_sidebars = {"*": []}  # pages of no section
html_theme_options = {
    "logo": {
        "text": "sklearn_ae",
        "alt_text": "",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo_dark.svg",
    },
    "github_url": metadata["project"]["urls"]["Source"],
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_start": ["navbar-logo", "navbar-version"],
    "show_prev_next": True,
    "show_toc_level": 2,  # methods of a class
    "footer_start": ["copyright"],
    "footer_end": [],
}
if "VERSIONS_URL" in os.environ:  # a site of several versions: the address of their list
    html_theme_options |= {
        "check_switcher": False,  # builds need no network
        "navbar_start": ["navbar-logo", "version-switcher"],
        "switcher": {"json_url": os.environ["VERSIONS_URL"], "version_match": version},
    }


def _describe(app, pagename, templatename, context, doctree):
    """Describe pages for searches: by their first sentences if they do not do so."""
    if pagename == app.config.root_doc:
        context["title"] = "Autoencoders for scikit-learn, in place of PCA"
    if doctree is None or 'name="description"' in context["metatags"]:
        return
    parts = [
        part for part in doctree.findall(paragraph) if not isinstance(part.parent, note)
    ]
    text = " ".join(parts[0].astext().replace('"', "'").split()) if parts else ""
    if not text:
        return
    if len(text) > LONGEST_DESCRIPTION:
        text = text[:LONGEST_DESCRIPTION].rsplit(" ", 1)[0].rstrip(",.:;") + " …"
    context["metatags"] += f'\n<meta name="description" content="{escape(text)}" />'


def _link_to_scikit_learn(app, env, node, contnode):
    """Resolve ``sklearn.*`` by the address that its pages have; no inventory is fetched."""
    target = node.get("reftarget", "")
    if not re.fullmatch(r"sklearn(\.\w+)+", target):
        return None
    address = f"https://scikit-learn.org/stable/modules/generated/{target}.html"
    return reference("", "", contnode, internal=False, refuri=address)


def _trim_code(app, doctree):
    """Drop the empty line that pytest needs between an output and the closing fence."""
    for block in doctree.findall(literal_block):
        if block.rawsource == block.astext():  # else it has markup of its own
            block.rawsource = block.rawsource.rstrip()
            block[:] = [Text(block.rawsource)]


def _escape_shapes(*arguments):
    """Keep ``shape (n_components_,)`` from being read as a link to "n_components"."""
    lines = arguments[-1]
    lines[:] = [
        re.sub(r"(?<=shape )\([^)]*\)", lambda shape: shape[0].replace("_", r"\_"), line)
        for line in lines
    ]


def setup(app):
    """Connect what is above."""
    app.connect("doctree-read", _trim_code)
    app.connect("html-page-context", _describe)
    before_numpydoc = 400
    app.connect("autodoc-process-docstring", _escape_shapes, priority=before_numpydoc)
    app.connect("missing-reference", _link_to_scikit_learn)
