"""What one row of a log is worth: fields, times, technology, position, order."""
