"""Service quality: what one test is, counts of tests, and figures with intervals."""
