"""Training of the search: texts made from facts of works, and the networks that bring both into one space."""
