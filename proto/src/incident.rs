//! Statement `incident/1` by which a participant closes an incident of its own log: a fork, or permits after the withdrawal of
//! their contract.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use serde::{Deserialize, Serialize};

/// Most permits of one statement, so that it fits into a message.
pub const MOST_PERMITS: usize = 2000;

/// Cause of an incident, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentCause {
    /// The folder was copied, and both copies ran.
    CopiedFolder,
    /// An older backup replaced a newer log.
    RestoredBackup,
    /// Two machines ran with one state, one after the other or at once.
    TwoMachines,
    /// Another party had the keys.
    StolenKeys,
    /// The connector recorded a permit after the withdrawal that ended its contract.
    RecordOrder,
    /// The cause is unknown.
    Unknown,
}

impl IncidentCause {
    /// All causes.
    pub const ALL: [Self; 6] = [
        Self::CopiedFolder,
        Self::RestoredBackup,
        Self::TwoMachines,
        Self::StolenKeys,
        Self::RecordOrder,
        Self::Unknown,
    ];

    /// Name in the statement and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CopiedFolder => "copied-folder",
            Self::RestoredBackup => "restored-backup",
            Self::TwoMachines => "two-machines",
            Self::StolenKeys => "stolen-keys",
            Self::RecordOrder => "record-order",
            Self::Unknown => "unknown",
        }
    }

    /// Description for people.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::CopiedFolder => "its folder was copied and both copies ran",
            Self::RestoredBackup => "an older backup was put in the place of its log",
            Self::TwoMachines => "two machines ran on the same state",
            Self::StolenKeys => "somebody else had its keys",
            Self::RecordOrder => {
                "its connector recorded permits after the withdrawal of their contract"
            }
            Self::Unknown => "the cause is not known",
        }
    }

    /// Finds the cause with this name.
    #[must_use]
    pub fn from_word(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

hansa_audit_log::serialize_as_word!(IncidentCause);

/// Range of log sizes at which conflicting heads are void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForkedRange {
    /// Number of records common to both histories; 0 if unknown.
    pub from: u64,
    /// Time of the last common record, if any.
    pub since: Option<UtcTimestamp>,
    /// Largest size of a void head.
    pub upto: u64,
}

/// Permits after the withdrawal of their contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatePermits {
    /// Contract of the permits.
    pub contract: ContractId,
    /// Record of the withdrawal.
    pub withdrawal: u64,
    /// Records of the permits, in order.
    pub permits: Vec<u64>,
}

/// Content of the statement about the own log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncidentStatement {
    /// Owner of the log, which signs.
    pub log: ParticipantId,
    /// Head of the history that continues.
    pub head: SignedHead,
    /// Fork of the log, if any.
    pub fork: Option<ForkedRange>,
    /// Permits after withdrawals.
    pub late: Vec<LatePermits>,
    /// Cause of the incident.
    pub cause: IncidentCause,
    /// Time of the statement.
    pub stated_at: UtcTimestamp,
}

/// The owner of the log signs in the role of a provider.
impl Statement for IncidentStatement {
    const FORM: &'static str = "incident/1";
    const KIND: StatementKind = StatementKind::Incident;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
        let named: usize = self.late.iter().map(|late| late.permits.len()).sum();
        let behind = |late: &LatePermits| {
            !late.permits.is_empty()
                && late.permits.is_sorted_by(|one, next| one < next)
                && late.permits.iter().all(|index| *index > late.withdrawal)
        };
        let what = if self.fork.is_none() && self.late.is_empty() {
            "a statement of an incident names a fork, or permits behind a withdrawal"
        } else if named > MOST_PERMITS || !self.late.iter().all(behind) {
            "the permits of an incident stand in order behind the withdrawal, and are not too many"
        } else if self.fork.as_ref().is_some_and(|fork| {
            fork.from > fork.upto || fork.since.is_some_and(|since| since > self.stated_at)
        }) {
            "a fork begins before it ends, and before it is stated"
        } else {
            return Ok(());
        };
        Err(what.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{from_bytes, to_bytes};
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::note::{Checkpoint, SignatureLine};

    fn head() -> SignedHead {
        let name = "acme.example/hansa/evidence".to_owned();
        SignedHead {
            checkpoint: Checkpoint {
                origin: name.clone(),
                size: 9,
                root: Digest::of(b"root"),
            },
            signatures: vec![SignatureLine {
                name,
                key_hash: [1, 2, 3, 4],
                signature: vec![7; 64],
            }],
        }
    }

    fn sample() -> IncidentStatement {
        IncidentStatement {
            log: "acme.example".parse().unwrap(),
            head: head(),
            fork: Some(ForkedRange {
                from: 4,
                since: Some("2026-05-01T00:00:00Z".parse().unwrap()),
                upto: 12,
            }),
            late: vec![LatePermits {
                contract: ContractId(Digest::of(b"contract")),
                withdrawal: 5,
                permits: vec![6, 8],
            }],
            cause: IncidentCause::CopiedFolder,
            stated_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_statement_of_an_incident_has_one_spelling() {
        let bytes = to_bytes(&sample());
        assert_eq!(from_bytes::<IncidentStatement>(&bytes), Ok(sample()));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("incident/1", "incident/2"),
            ("copied-folder", "copied folder"),
            ("\"from\":4", "\"from\":13"),
            ("[6,8]", "[8,6]"),
            ("[6,8]", "[5,8]"),
            ("[6,8]", "[]"),
            ("2026-05-01", "2026-07-01"),
            ("\"late\"", "\"more\":1,\"late\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(
                from_bytes::<IncidentStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn a_statement_of_nothing_is_none() {
        let nothing = IncidentStatement {
            fork: None,
            late: Vec::new(),
            ..sample()
        };
        assert!(from_bytes::<IncidentStatement>(&to_bytes(&nothing)).is_err());
    }
}
