"""The examples in the docstrings of the core and of the tables are run."""

import doctest
import importlib
import pkgutil

import pytest

import covermap.core

CORE = sorted(m.name for m in pkgutil.walk_packages(covermap.core.__path__, "covermap.core."))
MODULES = ["covermap.tables", *CORE]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_give_what_they_show(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
