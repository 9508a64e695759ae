"""From counts to verdicts: bins, rules, probabilities, derived layers, kilometres."""
