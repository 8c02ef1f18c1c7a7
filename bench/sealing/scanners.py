"""The scanners under measurement, each as a function from bytes and a path to places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.sealing.measure import Scan
    from workflow.redaction import Detector, Finder


def finder() -> Scan:
    """Everything together, as a command with the built-in policy has it."""
    made = default_finder()
    return lambda data, path: ((span.start, span.end) for span in made.find(data, path))


def default_finder() -> Finder:
    """What a command with the built-in policy finds with."""
    from workflow.wiring import built_in_policy  # noqa: PLC0415 - each scanner loads its own
    from workflow.wiring import finder as wired  # noqa: PLC0415 - see above

    return wired(built_in_policy().sealing)


def structural() -> Scan:
    """Our own rules alone."""
    from workflow.redaction.structural import Structural  # noqa: PLC0415 - see above

    return _alone(Structural())


def vendor() -> Scan:
    """The vendor rules alone."""
    from workflow.redaction.vendor import Vendor  # noqa: PLC0415 - see above

    return _alone(Vendor())


def _alone(detector: Detector) -> Scan:
    return lambda data, path: ((span.start, span.end) for span in detector.find(data, path))


OURS: dict[str, Callable[[], Scan]] = {
    "finder": finder,
    "structural": structural,
    "vendor": vendor,
}
