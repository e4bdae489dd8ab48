"""Training of the beat network: labels, simulated performances, the network in torch."""
