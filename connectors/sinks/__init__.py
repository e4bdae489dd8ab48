"""Sinks: what is on the topics, kept where it can be asked for."""
