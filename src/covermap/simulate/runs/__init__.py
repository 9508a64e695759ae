"""Runs: who measures where and when (plan), how they move (tracks), what they record (observe)."""
