"""Writers: a world and its logs in the formats that real tools write."""
