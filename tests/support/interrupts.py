"""Children that can be interrupted, whoever started the tests."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """Undo an inherited deafness to SIGINT: shells give it to what they run in the background.

    For ``preexec_fn`` of a child that a test interrupts.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
