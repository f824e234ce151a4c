"""The nouns of a release: what there is, and what was seen of it. Pure, standard library only."""
