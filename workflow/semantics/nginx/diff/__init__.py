"""What really changes between two effective configurations."""

from workflow.semantics.nginx.diff.alone import difference_alone
from workflow.semantics.nginx.diff.effective import difference

__all__ = ["difference", "difference_alone"]
