"""The examples in the docstrings of the core are run."""

import doctest
import importlib
import pkgutil

import pytest

import covermap.core

MODULES = sorted(m.name for m in pkgutil.walk_packages(covermap.core.__path__, "covermap.core."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_give_what_they_show(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
