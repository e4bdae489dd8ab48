"""Making training data and fitting models; nothing here runs in a worker."""
