"""Starts the resident launcher by path, without what the packages around it would import."""

import os
import sys

_SANDBOX = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib costs this start-up milliseconds

# NOTE: as packages without their `__init__`, which would import the product: 40 ms and its memory.
for _name, _folder in (("workflow", os.path.dirname(_SANDBOX)), ("workflow.sandbox", _SANDBOX)):  # noqa: PTH120 - as above
    _package = type(sys)(_name)
    _package.__path__ = [_folder]
    sys.modules[_name] = _package

from workflow.sandbox.resident import serve  # noqa: E402 - see above

if __name__ == "__main__":
    serve.main(int(sys.argv[1]))
