"""Where partitions run: here, in processes; the same kernels everywhere."""
