"""The entries of `[[expect]]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.catalogue import PROVEN, REASONS, UNPROVEN
from sim.scenario.fields import (
    Count,
    Duration,
    EntryId,
    Positive,
    PositiveDuration,
    ShareName,
    Table,
    Unit,
)


class FaultTable(Table):
    """One fault."""

    validator: Annotated[str, Unit("validator")] = Field(
        description="Who did it.", examples=["v03"]
    )
    fault: Annotated[str, Unit("one of")] = Field(
        description=f"What: {', '.join(PROVEN)}; without proof: {', '.join(UNPROVEN)}.",
        examples=["degree-too-high"],
    )


class DisputeTable(Table):
    """One dispute: a complaint about a dealer that stayed."""

    dealer: Annotated[str, Unit("validator")] = Field(
        description="Who was accused.", examples=["v03"]
    )
    accuser: Annotated[str, Unit("validator")] = Field(
        description="Who complained.", examples=["v05"]
    )
    kind: Annotated[Literal["missing", "invalid"], Unit("one of")] = Field(
        description="Of what: no share, or a wrong one.", examples=["invalid"]
    )


class ExpectTable(Table):
    """What must hold of a key, a validator or the run: everything in an entry at once."""

    key: Annotated[str, Unit("key")] | None = Field(
        default=None,
        description="The key that it is about, or a partition for each of its keys; every key if "
        "absent.",
        examples=["beacon", "zone"],
    )
    validator: Annotated[str, Unit("validator")] | None = Field(
        default=None,
        description="The validator that `shareless` and `injected` are about.",
        examples=["v05"],
    )
    ceremony: Annotated[Literal["completed", "failed", "either"], Unit("one of")] | None = Field(
        default=None,
        description="How it ended: the key is active, or the last attempt failed.",
        examples=["completed"],
    )
    reason: Annotated[str, Unit("one of")] | None = Field(
        default=None,
        description=f"Why the latest attempt that has ended failed: {', '.join(REASONS)}.",
        examples=["too-few-dealers"],
    )
    attempts: Count | None = Field(
        default=None, description="How many attempts were begun.", examples=[1]
    )
    qual: Annotated[list[str], Unit("validators")] | None = Field(
        default=None,
        description="The dealers whose deals count in the latest attempt that has ended.",
        examples=[["v00", "v01", "v02", "v04", "v05", "v06"]],
    )
    excluded: Annotated[list[str], Unit("validators")] | None = Field(
        default=None,
        description="The dealers that were put out in the latest attempt that has ended.",
        examples=[["v03"]],
    )
    faults: Annotated[list[FaultTable], Unit("faults")] | None = Field(
        default=None,
        description="Exactly the faults with proof, of all attempts; empty if nobody is to blame.",
        examples=[[{"validator": "v03", "fault": "degree-too-high"}]],
    )
    faults_include: Annotated[list[FaultTable], Unit("faults")] | None = Field(
        default=None,
        description="Some of the faults, with proof or without.",
        examples=[[{"validator": "v03", "fault": "no-deal"}]],
    )
    disputes: Annotated[list[DisputeTable], Unit("disputes")] | None = Field(
        default=None,
        description="Exactly the disputes, of all attempts that have ended.",
        examples=[[{"dealer": "v03", "accuser": "v05", "kind": "invalid"}]],
    )
    status: (
        Annotated[
            Literal["Absent", "Pending", "Failed", "Active", "Rotating", "Retired"], Unit("one of")
        ]
        | None
    ) = Field(default=None, description="The key's status.", examples=["Active"])
    generation: Count | None = Field(
        default=None, description="Rotations under one public key, from 0.", examples=[0]
    )
    era: Positive | None = Field(
        default=None, description="Public keys under one name, from 1.", examples=[1]
    )
    rotation: (
        Annotated[Literal["completed", "aborted", "failed", "either"], Unit("one of")] | None
    ) = Field(
        default=None,
        description="How the key's last rotation ended, or the one that `of` names: the new "
        "generation is active; the old one still is (`aborted`); or the last attempt to create it "
        "failed.",
        examples=["completed"],
    )
    rotations: Count | None = Field(
        default=None, description="Rotations that were activated, at least.", examples=[12]
    )
    public_key: Annotated[Literal["kept", "changed"], Unit("one of")] | None = Field(
        default=None,
        description="Whether it is the one that the key was created with.",
        examples=["kept"],
    )
    signs: Annotated[bool, Unit("true or false")] | None = Field(
        default=None,
        description="Whether a test signature of the active generation was made and verifies; "
        "with `using`, whether those shares make one.",
        examples=[True],
    )
    using: Annotated[list[ShareName], Unit("shares, VALIDATOR@GENERATION")] | None = Field(
        default=None,
        description="Shares that an attacker has kept, all that it has: `signs` is about them.",
        examples=[["v01@0", "v04@1"]],
    )
    exposed: Annotated[bool, Unit("true or false")] | None = Field(
        default=None,
        description="Whether all that adversaries stole and recorded gives the key away.",
        examples=[False],
    )
    signings: Count | None = Field(
        default=None, description="Signing sessions that are complete, at least.", examples=[30]
    )
    refused: Annotated[str, Unit("one of")] | None = Field(
        default=None,
        description="Why something that concerns the key was refused: a transaction of `of`, or "
        "any. The names are below.",
        examples=["PolicyViolation"],
    )
    of: EntryId | None = Field(
        default=None,
        description="The `id` of the timeline entry that `rotation`, `refused` and `within` are "
        "about; with `every`, of ID/1, ID/2 and so on.",
        examples=["swap"],
    )
    shareless: Annotated[bool, Unit("true or false")] | None = Field(
        default=None,
        description="Whether the validator (or, without one, any honest one) ends without a share.",
        examples=[False],
    )
    injected: Count | None = Field(
        default=None,
        description="How often adversaries (or the validator) changed something, at least.",
        examples=[1],
    )
    violates: Annotated[str, Unit("invariant")] | None = Field(
        default=None,
        description="An invariant that must be broken, for scenarios that show what goes wrong; "
        "`ksim list invariants` has them all.",
        examples=["secrecy"],
    )
    sometimes: Annotated[str, Unit("event")] | None = Field(
        default=None,
        description="An event that must happen, to the validator or to anyone, in at least one run "
        "of a sweep: no single run fails for want of it. It stands in an entry of its own; "
        "`ksim list events` has them all.",
        examples=["complaint-sent"],
    )
    within: PositiveDuration | None = Field(
        default=None,
        description="By when, counted from the entry `of`, or from the key's creation; at the end "
        "of the run if absent.",
        examples=["6m"],
    )
    at: Duration | None = Field(
        default=None, description="At which virtual time, instead.", examples=["3m"]
    )
