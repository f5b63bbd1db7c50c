"""Timeline entries about keys and the registry: what principals and validators ask the K-chain for.

Each is a transaction. What the K-chain doesn't allow it refuses, and says why; `refused` in an
expectation names the reason.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.entry_tables import Entry, NodeEntry, Selectors
from sim.scenario.fields import Count, HexText, ShortText, Table, Threshold, Unit, shape
from sim.scenario.key_tables import Committee, PolicyTable


class ByEntry(Entry):
    """An entry that a principal asks for."""

    by: Annotated[str, Unit("principal")] = Field(
        default="owner", description="The principal that asks.", examples=["ops"]
    )


class KeyEntry(ByEntry):
    """An entry about a key."""

    key: Annotated[str, Unit("key")] = Field(
        description="The key concerned, one of `[keys]`; of a partition, one of its keys, or its "
        "name for each of them.",
        examples=["beacon", "zone", "zone-03"],
    )


class ShareEntry(KeyEntry):
    """An entry that gives a key a new committee, or new numbers.

    Joins and leaves change the committee as it stands; a committee of its own replaces it.
    """

    join: Selectors | None = Field(
        default=None,
        description="Who is added to the committee that the key has then.",
        examples=[["v16", "v17"]],
    )
    leave: Selectors | None = Field(
        default=None, description="Who is taken out of it.", examples=[["v03"]]
    )
    threshold: Threshold | None = Field(
        default=None,
        description="t of the new generation; as before if absent. In an expression n is the new "
        "committee's size, as if every rotation before had been activated.",
        examples=[7, "2n/3+1"],
    )
    faults: Count | None = Field(
        default=None,
        description="f* of the new generation. If absent, what `[keys]` declares, or else the most "
        "that threshold and size allow.",
        examples=[1],
    )


class CommitteeEntry(ShareEntry):
    """An entry that may name a whole committee."""

    committee: Committee | None = Field(
        default=None,
        description="The new committee; not with `join` and `leave`. If all three are absent, it "
        "stays as it is.",
        examples=[["v01", "v02", "v05"], {"size": 7, "select": "stake"}],
    )
    repartition: Annotated[Literal["anew", "newest"], Unit("one of")] | None = Field(
        default=None,
        description="Only for the keys of a partition: it is drawn `anew` as a whole, once for all "
        "keys that the entry is about, and each moves to its new committee; or a key that stayed "
        "behind moves to its committee of the `newest` draw. In place of `committee`, `join` and "
        "`leave`.",
        examples=["anew"],
    )


class CreateKey(KeyEntry):
    """Ask the K-chain for a key: whoever asks owns it, and the ceremony begins."""

    do: Literal["create-key"]


class MessageTable(Table):
    """Bytes that are no text."""

    hex: HexText = Field(description="The bytes, two hexadecimal digits each.", examples=["00ff"])


class Sign(KeyEntry):
    """Ask the T-chain for a signature; the entry's id is the session's."""

    do: Literal["sign"]
    context: ShortText | None = Field(
        default=None,
        description="What it is for; if absent, the first context that the key's policy allows.",
        examples=["beacon"],
    )
    message: (
        Annotated[
            Annotated[str, Tag("=text")] | Annotated[MessageTable, Tag("=table")],
            Discriminator(shape),
            Unit("text, or bytes in a table"),
        ]
        | None
    ) = Field(
        default=None,
        description="What is signed, at most 65536 bytes; the entry's id if absent.",
        examples=["round 7", {"hex": "00ff"}],
    )


class Rotate(CommitteeEntry):
    """New shares for the same public key: a reshare if anything changes, else a refresh."""

    do: Literal["rotate"]


class Reshare(CommitteeEntry):
    """New shares for the same public key, to any committee and threshold."""

    do: Literal["reshare"]


class Refresh(KeyEntry):
    """New shares for the same public key and committee."""

    do: Literal["refresh"]


class Repair(KeyEntry, NodeEntry):
    """Re-create one member's lost share with the help of t others; the generation stays."""

    do: Literal["repair"]


class Rekey(CommitteeEntry):
    """A new public key under the same name, the next era, that the old key endorses."""

    do: Literal["rekey"]


class Emergency(ShareEntry):
    """Reshare at once: what is pending is rolled back. Without joins and leaves to a new draw."""

    do: Literal["emergency"]


class Rollback(KeyEntry):
    """Give the pending rotation up, before it is activated."""

    do: Literal["rollback"]


class Retire(KeyEntry):
    """End the key's use for good: no sessions, no rotations; shares are erased."""

    do: Literal["retire"]


class SetPolicy(KeyEntry):
    """Replace the key's policy."""

    do: Literal["set-policy"]
    policy: PolicyTable = Field(
        description="The new one, as a whole.", examples=[{"max_signings_per_epoch": 10}]
    )


class Authorize(KeyEntry):
    """Add somebody to the key's policy."""

    do: Literal["authorize"]
    principal: Annotated[str, Unit("principal")] = Field(description="Whom.", examples=["wallet"])
    role: Annotated[Literal["admin", "principal"], Unit("one of")] = Field(
        default="principal",
        description="As an admin, or as one who may ask for signatures.",
        examples=["admin"],
    )


class Revoke(KeyEntry):
    """Take somebody out of the key's policy."""

    do: Literal["revoke"]
    principal: Annotated[str, Unit("principal")] = Field(description="Whom.", examples=["wallet"])


class Join(NodeEntry):
    """Validators enter the registry: drawn from the next epoch on. They ask for it themselves."""

    do: Literal["join"]


class Leave(NodeEntry):
    """Validators leave the registry at the next epoch. They ask for it themselves.

    They keep their seats on committees until a reshare removes them.
    """

    do: Literal["leave"]


class Evict(ByEntry, NodeEntry):
    """Take validators out of the registry at the next epoch."""

    do: Literal["evict"]


Rotation: TypeAlias = Rotate | Reshare | Refresh | Repair | Rekey | Emergency
"""Entries that begin a rotation."""

Order: TypeAlias = CreateKey | Sign | Rotation | Rollback | Retire | SetPolicy | Authorize | Revoke
"""Entries about a key."""

ROTATIONS = ("rotate", "reshare", "refresh", "repair", "rekey", "emergency")
"""Names of the actions that begin a rotation."""
