"""Values of site tables and of villages, places and regions."""
