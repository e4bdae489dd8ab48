"""What the HTTP services share: limits, and how they are run."""
