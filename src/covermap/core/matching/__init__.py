"""Hidden Markov matching of tracks to a directed graph of lines (Newson and Krumm 2009)."""
