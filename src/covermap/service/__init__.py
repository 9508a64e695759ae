"""The web service: map, tiles, point look-up, lists. Reads a build; computes no coverage."""
