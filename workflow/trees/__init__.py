"""Scratch trees for the sandbox: cached checkouts of git's trees, and files laid over them."""

from workflow.trees.checkout import CheckoutError
from workflow.trees.open import Listing, opened

__all__ = ["CheckoutError", "Listing", "opened"]
