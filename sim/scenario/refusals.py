"""Why the K-chain refuses what it is asked for, and why a rotation that waits never begins."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AddressTaken": "another validator has that address of the registry",
        "AlreadyActive": "it takes part already",
        "AlreadyAuthorized": "the policy names that principal already, or it owns the key",
        "AlreadyLeaving": "it leaves at the next epoch already",
        "AlreadyReported": "that refusal has been reported before",
        "BadEvidence": "the partials given as evidence are not proven bad",
        "BadNonce": "the account's next transaction has another number",
        "BadSignature": "the transaction is not signed by its account",
        "Duplicate": "it was said, or the session's id was used, before",
        "Evicted": "that validator is evicted",
        "IdentityTaken": "that identity is in the registry under another name",
        "InvalidCommittee": "a committee has members, each of them once",
        "InvalidPartition": "the key has another place in that partition, or none",
        "InvalidPolicy": "the policy's quorum is above the committee's size",
        "InvalidSignature": "the signature is none of the key's",
        "InvalidSigners": "the named signers are too few, or not all of them holders who may sign",
        "InvalidThreshold": "a committee of that size can't have that threshold and that f*",
        "KeyExists": "there is a key of that name, or was",
        "KeyNotActive": "the key isn't created yet",
        "KeyNotFound": "there is no such key",
        "KeyRetired": "the key is retired",
        "LastPrincipal": "without principals the policy would be open to all: set another policy",
        "Malformed": "its fields can't be read, or don't belong together",
        "NameTaken": "there is a validator of that name",
        "NoEquivocation": "those are no two different deals of one dealer in one attempt",
        "NoNonces": "the scheme has no nonces to commit to",
        "NoRotation": "no rotation of the key is pending",
        "NoViolation": "no such request was refused as a violation of the policy",
        "NotAMember": "whoever it concerns has no seat there",
        "NotASigner": "it has not confirmed, or signs no more",
        "NotActive": "a validator that is named takes no part in this epoch",
        "NotCommitted": "the dealer has not committed to a deal first",
        "NotInSet": "it isn't its turn to sign",
        "NotShareable": "the key has one holder, or a threshold of 1: there is nothing to refresh",
        "NothingToAnswer": "nobody complained about a sum of its",
        "NothingToExtract": "it is no dealer whose deal counts",
        "NothingToJustify": "nobody complained about its deal, or that is out",
        "NothingToOpen": "no sealed answer to it is on the ledger",
        "OtherList": "the partial belongs to another list of signers",
        "OtherMessage": "the session is about another message or context",
        "OwnerStays": "a key's owner can't be taken out of its policy",
        "PlaceTaken": "another key has, or had, that place of the partition",
        "PolicyExpired": "the policy's time is over, for everybody but the key's owner",
        "PolicyViolation": "a context that isn't allowed, a signing too many, or a chain's message",
        "PoolTooSmall": "too few validators take part to draw that committee",
        "PrincipalNotFound": "the policy doesn't name that principal",
        "QuorumUnreachable": "fewer than the policy's quorum hold shares",
        "ReservedId": "session ids of that form are the chain's own",
        "RotationPending": "another rotation or repair of the key is under way",
        "SessionClosed": "the session is over",
        "SessionNotFound": "there is no such session",
        "SignsNothing": "keys of that scheme don't sign",
        "StakeOverflow": "all stakes together would be too much to draw by",
        "TooFewHelpers": "fewer than t others hold shares",
        "Unauthorized": "whoever asks has no right to",
        "UnknownKind": "there is no such transaction",
        "UnknownProtocol": "no protocol of that name, or not with those commitments",
        "UnknownScheme": "there is no such scheme",
        "UnknownSession": "no such ceremony is known",
        "UnknownValidator": "there is no such validator in the registry",
        "WrongGeneration": "the session is bound to another generation",
        "WrongPhase": "it came before its phase, or after",
        "WrongRound": "the partition is at another draw",
    }
)
"""Reasons of the K-chain for rejecting a transaction, each as the end of a sentence."""

DROPPED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "coalesced": "another one does it too",
        "generation-gone": "the generation is gone",
        "renewed": "the shares were renewed before",
        "retired": "the key was retired",
    }
)
"""Why a rotation that waits for another never begins, each as the end of a sentence."""
