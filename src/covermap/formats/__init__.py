"""Bytes to tables and back. Knows what is written, not what it means."""
