"""What a role needs to see, and no more: the files a request is about, and what is around them."""

from workflow.gather.collect import gather
from workflow.gather.interface import DEFAULT_BUDGET, RULES, Gathered, Needs, TooLargeError
from workflow.gather.named import default_file, resolve

__all__ = [
    "DEFAULT_BUDGET",
    "RULES",
    "Gathered",
    "Needs",
    "TooLargeError",
    "default_file",
    "gather",
    "resolve",
]
