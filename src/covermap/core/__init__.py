"""Pure computation: arrays or Arrow tables in, arrays or tables out. No files, clock, network."""
