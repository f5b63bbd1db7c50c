"""``python -m tests.world.fault_digests PROCESSES CASE…``: digests of combinations, as JSON.

It is run in processes of its own, under hash seeds of their own.
"""

from __future__ import annotations

import json
import sys

from sim import api
from sim.scenario.load import load_text
from tests.world.combinations import combination


def main(arguments: list[str]) -> None:
    processes, *cases = map(int, arguments)
    digests = {
        case: api.run(load_text(combination(case).text), processes=processes).digest
        for case in cases
    }
    sys.stdout.write(json.dumps(digests))


if __name__ == "__main__":
    main(sys.argv[1:])
