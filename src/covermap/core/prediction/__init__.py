"""Coverage between measurements: levels, calibrated model, residual field, probability, scores."""
