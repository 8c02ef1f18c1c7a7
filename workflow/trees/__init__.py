"""Scratch trees for the sandbox: cached checkouts of git's trees, and files laid over them."""

from workflow.trees.checkout import CheckoutError
from workflow.trees.open import Content, Listing, contents, opened

__all__ = ["CheckoutError", "Content", "Listing", "contents", "opened"]
