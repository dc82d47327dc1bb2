//! Attacks on the signed contract: its bytes, its signatures, its life, and the messages by which it comes about.

mod bytes;
mod certificate_seals;
mod contract_fixture;
mod life;

use crate::attacks::contract::bytes::payload::strict;
use crate::attacks::contract::bytes::{flips, headers, signatures, signers, unknown};
use crate::attacks::contract::certificate_seals::SealedContractFixture;
use crate::attacks::contract::contract_fixture::SignedContractFixture;
use crate::attacks::contract::life::{changed, ended, replayed, withdrawn};
use crate::attacks::{AttackCase, AttackReportLine, tried};

/// Attacks what both sides sealed.
pub(crate) fn attacked_sealed() -> Vec<AttackReportLine> {
    tried(&mut SealedContractFixture::new(), &SEALED)
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let mut fixture = SignedContractFixture::new();
    tried(&mut fixture, &ATTACKS)
}

const ATTACKS: [AttackCase<SignedContractFixture>; 10] = [
    AttackCase {
        number: 46,
        setup: "contract",
        name: "asks on after a withdrawal, replays one",
        expected: "WITHDRAWN; cut; a replay ends nothing else",
        does: withdrawn,
        lacks: "",
    },
    AttackCase {
        number: 47,
        setup: "contract",
        name: "flips each byte",
        expected: "never accepted",
        does: flips,
        lacks: "",
    },
    AttackCase {
        number: 48,
        setup: "contract",
        name: "other algorithms and headers",
        expected: "SIGNATURE_ALG / SIGNATURE_HEADER",
        does: headers,
        lacks: "",
    },
    AttackCase {
        number: 49,
        setup: "contract",
        name: "garbage, missing, copied and superfluous signatures",
        expected: "SIGNATURE_MISSING / SIGNATURE_INVALID / SIGNATURE_COUNT",
        does: signatures,
        lacks: "",
    },
    AttackCase {
        number: 50,
        setup: "contract",
        name: "signs with a key of another, or one that no longer counts",
        expected: "SIGNER_NOT_PARTY / KEY_NOT_VALID_AT_SIGNING",
        does: signers,
        lacks: "",
    },
    AttackCase {
        number: 51,
        setup: "contract",
        name: "asks under what was replaced, uses a label again",
        expected: "SUPERSEDED / CONTRACT_ID_REUSED",
        does: replayed,
        lacks: "",
    },
    AttackCase {
        number: 52,
        setup: "contract",
        name: "the schema changes after signing",
        expected: "SCHEMA_CHANGED; compatible admits additions only",
        does: changed,
        lacks: "",
    },
    AttackCase {
        number: 53,
        setup: "contract",
        name: "unknown terms and members",
        expected: "TERM_UNKNOWN at signing and at load",
        does: unknown,
        lacks: "",
    },
    AttackCase {
        number: 54,
        setup: "contract",
        name: "JSON that others read otherwise",
        expected: "CONTRACT_MALFORMED",
        does: strict,
        lacks: "",
    },
    // After this one the clock of the place was moved.
    AttackCase {
        number: 45,
        setup: "contract",
        name: "asks before, after and over the end",
        expected: "NOT_YET_VALID, EXPIRED; the stream is cut, with a receipt",
        does: ended,
        lacks: "",
    },
];

const SEALED: [AttackCase<SealedContractFixture>; 4] = [
    AttackCase {
        number: 131,
        setup: "sealed",
        name: "flips each byte, of the certificates too",
        expected: "never accepted",
        does: certificate_seals::flips,
        lacks: "",
    },
    AttackCase {
        number: 132,
        setup: "sealed",
        name: "other algorithms, headers and chains of certificates",
        expected: "SIGNATURE_ALG / SIGNATURE_HEADER",
        does: certificate_seals::headers,
        lacks: "",
    },
    AttackCase {
        number: 133,
        setup: "sealed",
        name: "garbage, missing, copied and superfluous signatures",
        expected: "SIGNATURE_MISSING / SIGNATURE_INVALID / SIGNATURE_COUNT",
        does: certificate_seals::signatures,
        lacks: "",
    },
    AttackCase {
        number: 134,
        setup: "sealed",
        name: "another issuer, organisation, time or order of certificates",
        expected: "SEAL_NOT_TRUSTED / KEY_NOT_VALID_AT_SIGNING",
        does: certificate_seals::signers,
        lacks: "",
    },
];
