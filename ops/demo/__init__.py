"""The demo: the whole system on real servers with real music, in a terminal view, with an account at the end."""
