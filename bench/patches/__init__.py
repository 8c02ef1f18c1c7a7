"""Tries to prove that the patch engine is not safe: seeded faults, hostile patches, mutations.

Scripts and tests import it as `bench.patches`: the checkout's top is on the path of both.
"""
