"""A provider on a loopback socket: OpenAI's and Anthropic's wire formats, with scripted faults.

It keeps the bytes of every request exactly as they came off the socket, and answers 400 to one that
the vendor would not take.
"""

from tests.loopback.faults import Fault
from tests.loopback.say import Count, Say, Way
from tests.loopback.server import HOST, Arrived, Loopback, loopback

__all__ = ["HOST", "Arrived", "Count", "Fault", "Loopback", "Say", "Way", "loopback"]
