"""The pipeline's steps, one file each: read tables, one core call, write tables."""
