"""The live probe: the real nginx of both trees, asked the same requests inside the sandbox."""

from workflow.gates.nginx.live.probe import Options, probe
from workflow.gates.nginx.live.result import Listed, Result
from workflow.gates.nginx.live.stage import Times
from workflow.gates.nginx.live.weigh import Difference, Weight

__all__ = ["Difference", "Listed", "Options", "Result", "Times", "Weight", "probe"]
