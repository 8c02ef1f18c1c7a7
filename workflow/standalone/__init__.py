"""A patch by itself: read, placed and judged for any folder, and its files swapped as one."""

from workflow.standalone.examine import Examined, Prepared, examine
from workflow.standalone.folder import Folder, FolderError
from workflow.standalone.swap import Swap

__all__ = ["Examined", "Folder", "FolderError", "Prepared", "Swap", "examine"]
