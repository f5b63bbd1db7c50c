"""Groups, polynomials, commitments, proofs, signatures and sealing: real cryptography, no protocol.

A ladder, each rung importing only those before it:
`group` what a prime-order group offers · `edwards` curve arithmetic for sums · `ed25519`,
`secp256k1`, `bls12381` the groups · `groups` groups by scheme name · `polynomial` sharing and
interpolation · `commitments` what a deal publishes · `schnorr` proofs of knowledge · `dleq` proofs
of equal logarithms · `ciphersuites`, `frost` threshold Schnorr signatures · `hash_to_curve` a
second generator, `pedersen` commitments that hide · `bls` threshold BLS signatures · `signatures`
how the holders of a key sign, by scheme · `identity` a validator's own signatures · `mldsa`,
`mlkem` lattice keys of one party · `principals` whoever signs transactions · `verification`
ordinary verification, by scheme · `sealing` shares encrypted to one recipient · `disclosing` one of
them opened for everybody · `merkle` one signature over many envelopes · `vault` secrets at rest ·
`tuple_hash` NIST's hash of lists.

Points, scalars on the wire and keys are canonical bytes; scalars inside are integers.

Warnings:
    Nothing here runs in constant time as a whole: this is a laboratory, not a wallet.
    Points must pass `Group.validate` once, at the boundary; every other operation assumes it.
    Operations charge the meter of their caller, whatever is cached.

"""
