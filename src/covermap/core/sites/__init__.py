"""Base-station cells: what they send, what is filled where a table is silent, how dense."""
