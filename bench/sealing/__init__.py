"""Secrets with known places: what `seal_corpus` and its neighbours find, miss and wrongly hide."""
