"""A world with known truth: sites, field, runs. The demo, and the yardstick for the statistics."""
