"""The part of a resolved plan that says what must come of the run; see `plan`."""

from __future__ import annotations

from typing import Literal

from sim.scenario.network_plan import Part


class ExpectPlan(Part, frozen=True):
    """One expectation; predicates that are None are not checked.

    Attributes:
        key: The key that it is about; None: every key.
        validator: Whom `shareless` and `injected` are about; None: any honest one, and everybody.
        ceremony: How the key's ceremony ended.
        reason: Why the latest attempt that has ended failed.
        attempts: Begun.
        qual: Names, in the order of the registry, in the latest attempt that has ended.
        excluded: Dealers put out in it, likewise.
        faults: Exactly the proven (validator, fault) of all attempts, sorted.
        faults_include: Some of all faults, proven or not, sorted.
        disputes: Exactly the (dealer, accuser, kind) of all attempts, sorted.
        status: Of the key.
        generation: Of the key.
        era: Of the key.
        rotation: How the last rotation asked for ended, or the one of the entry `of`.
        rotations: Activated, at least.
        public_key: Whether it is the one that the key was created with.
        signs: Whether a test signature of the active generation was made and verifies; with
            `using`, whether those shares make one.
        using: (validator, generation) of retained shares, all that an attacker has.
        exposed: Whether the adversary's view, all that it stole and recorded, gives the key away.
        signings: Sessions of the T-chain that are complete, at least.
        refused: A reason for which something that concerns the key was refused.
        of: Id of the timeline entry that `rotation` and `within_us` are about.
        shareless: Whether somebody ends without a share.
        injected: Changes that adversaries made, at least.
        violates: An invariant that must be broken.
        sometimes: An event that must happen in at least one run of a sweep; says nothing of one.
        within_us: By when, from the key's creation; None and no `at_us`: at the end of the run.
        at_us: At which virtual time.
        file: Where it was written, as seen from the scenario's folder.
        line: 1-based.
    """

    key: str | None = None
    validator: str | None = None
    ceremony: Literal["completed", "failed", "either"] | None = None
    reason: str | None = None
    attempts: int | None = None
    qual: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    faults: tuple[tuple[str, str], ...] | None = None
    faults_include: tuple[tuple[str, str], ...] | None = None
    disputes: tuple[tuple[str, str, str], ...] | None = None
    status: str | None = None
    generation: int | None = None
    era: int | None = None
    rotation: Literal["completed", "aborted", "failed", "either"] | None = None
    rotations: int | None = None
    public_key: Literal["kept", "changed"] | None = None
    signs: bool | None = None
    using: tuple[tuple[str, int], ...] | None = None
    exposed: bool | None = None
    signings: int | None = None
    refused: str | None = None
    of: str = ""
    shareless: bool | None = None
    injected: int | None = None
    violates: str | None = None
    sometimes: str | None = None
    within_us: int | None = None
    at_us: int | None = None
    file: str = ""
    line: int = 0
