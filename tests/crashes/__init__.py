"""Commands that die, stop, or run out of disk at any of their effects, and what is left then.

An *effect* is a call by which a command changes something outside itself: a file is opened to be
written, renamed or synced, a row is written, a process is started.  A *point* is the moment before
or after one.
"""

from tests.crashes.facts import Facts, facts, wrongs
from tests.crashes.warm import Act, Ended, Point, Warm, warm

__all__ = ["Act", "Ended", "Facts", "Point", "Warm", "facts", "warm", "wrongs"]
