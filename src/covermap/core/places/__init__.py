"""Key places: whose key points samples are of, and when a place is deeply covered."""
