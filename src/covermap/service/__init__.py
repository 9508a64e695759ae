"""The web service: map, tiles, point look-up, lists. Reads a build; computes no coverage."""

from covermap.service.app import create_app
from covermap.service.settings import Settings

__all__ = ["Settings", "create_app"]
