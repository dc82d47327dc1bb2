//! Attacks on the signed contract: its bytes, its signatures, its life, and the letters by which it comes about.

mod bytes;
mod life;
mod paper;

use crate::attacks::contract::bytes::{flips, headers, signatures, signers, strict, unknown};
use crate::attacks::contract::life::{changed, ended, replayed, withdrawn};
use crate::attacks::contract::paper::Paper;
use crate::attacks::{Attack, Line, tried};

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<Line> {
    let mut paper = Paper::new();
    tried(&mut paper, &ATTACKS)
}

const ATTACKS: [Attack<Paper>; 10] = [
    Attack {
        number: 46,
        setup: "contract",
        name: "asks on after a withdrawal, replays one",
        expected: "WITHDRAWN; cut within a second; a replay ends nothing else",
        does: withdrawn,
        lacks: "",
    },
    Attack {
        number: 47,
        setup: "contract",
        name: "flips each byte",
        expected: "never accepted",
        does: flips,
        lacks: "",
    },
    Attack {
        number: 48,
        setup: "contract",
        name: "other algorithms and headers",
        expected: "SIGNATURE_ALG / SIGNATURE_HEADER",
        does: headers,
        lacks: "",
    },
    Attack {
        number: 49,
        setup: "contract",
        name: "garbage, missing, copied and superfluous signatures",
        expected: "SIGNATURE_MISSING / SIGNATURE_INVALID / SIGNATURE_COUNT",
        does: signatures,
        lacks: "",
    },
    Attack {
        number: 50,
        setup: "contract",
        name: "signs with a key of another, or one that no longer counts",
        expected: "SIGNER_NOT_PARTY / KEY_NOT_VALID_AT_SIGNING",
        does: signers,
        lacks: "",
    },
    Attack {
        number: 51,
        setup: "contract",
        name: "asks under what was replaced, uses a label again",
        expected: "SUPERSEDED / CONTRACT_ID_REUSED",
        does: replayed,
        lacks: "",
    },
    Attack {
        number: 52,
        setup: "contract",
        name: "the schema changes after signing",
        expected: "SCHEMA_CHANGED; compatible admits additions only",
        does: changed,
        lacks: "",
    },
    Attack {
        number: 53,
        setup: "contract",
        name: "unknown terms and members",
        expected: "TERM_UNKNOWN at signing and at load",
        does: unknown,
        lacks: "",
    },
    Attack {
        number: 54,
        setup: "contract",
        name: "JSON that others read otherwise",
        expected: "CONTRACT_MALFORMED",
        does: strict,
        lacks: "",
    },
    // After this one the clock of the place was moved.
    Attack {
        number: 45,
        setup: "contract",
        name: "asks before, after and over the end",
        expected: "NOT_YET_VALID, EXPIRED; the stream is cut, with a receipt",
        does: ended,
        lacks: "",
    },
];
