"""A home of their own for the tests of this folder."""

from tests.support.scripted import house, new_house, template_home

__all__ = ["house", "new_house", "template_home"]
