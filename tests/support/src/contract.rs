//! Contracts that are in force with no league behind them: parties, signatures that nobody checks, a peer that is recognised, and
//! a log that keeps nothing.

use hansa_audit_log::chain::ChainState;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, Ledger, RecordMetadata, Recorded};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::storage::{LogStorage, StorageError};
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_policy::contract::signature::{
    SignatoryRole, Signature, SignatureVerifier, SignedMandate,
};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::contract::{
    Agreement, Assignee, ContractParty, ContractRegistry, SignedContract, VerifiedContract,
};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::peer::{MembershipStatus, PeerCertificate, Roster, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::{Clause, Term};
use std::collections::{BTreeMap, BTreeSet};

/// The side that provides in every such contract.
pub const PROVIDER: &str = "hansa://munster.example";

/// The side that consumes.
pub const CONSUMER: &str = "hansa://firm.example";

/// A participant by its identity.
///
/// # Panics
/// When the text is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without its parties")]
pub fn participant(id: &str) -> ParticipantId {
    id.parse().expect("a participant")
}

/// A participant as a contract names it.
///
/// # Panics
/// When the text is no identity.
#[must_use]
pub fn party(id: &str) -> ContractParty {
    ContractParty {
        id: participant(id),
        name: id.to_owned(),
        legal_id: None,
        signing_key: format!("key of {id}"),
        tls_issuer: issuer(),
    }
}

/// Terms as clauses, numbered from 1.
pub fn clauses(terms: impl IntoIterator<Item = Term>) -> Vec<Clause> {
    terms
        .into_iter()
        .zip(1..)
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

/// A contract that its parties have signed.
///
/// # Panics
/// When it needs more than signatures.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a test can't go on without its contract"
)]
pub fn signed(id: ContractId, agreement: Agreement) -> VerifiedContract {
    let mut signatures = vec![signature(SignatoryRole::Provider, &agreement.provider)];
    if let Assignee::Participant(consumer) = &agreement.assignee {
        signatures.push(signature(SignatoryRole::Consumer, consumer));
    }
    let signed = SignedContract {
        id,
        agreement,
        signatures,
    };
    signed
        .verify(&PermissiveSignatureCheck)
        .expect("a contract with its signatures")
}

/// The provider's registry with these contracts.
///
/// # Panics
/// When it refuses one.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a test can't go on without its contract"
)]
pub fn registry(contracts: impl IntoIterator<Item = VerifiedContract>) -> ContractRegistry {
    let mut registry = ContractRegistry::new(participant(PROVIDER));
    for contract in contracts {
        let known = BTreeSet::from([contract.id()]);
        registry
            .readmit(contract, &known)
            .expect("a contract of the provider");
    }
    registry
}

/// The consumer, once its connection was checked.
///
/// # Panics
/// When it is not recognised.
#[must_use]
#[expect(clippy::expect_used, reason = "a test can't go on without its peer")]
pub fn recognised_consumer(now: UtcTimestamp) -> VerifiedPeer {
    let membership = MembershipStatus {
        issuers: vec![issuer()],
        denied: Vec::new(),
    };
    let consumer = participant(CONSUMER);
    let roster = Roster::new(BTreeMap::from([(consumer.clone(), membership)]));
    let leaf = Digest::of(b"leaf");
    let presented = PeerCertificate::attest(consumer, leaf, issuer(), UtcTimestamp::LATEST);
    roster.recognise(&presented, now).expect("a member")
}

/// A log that keeps nothing.
#[must_use]
pub fn ledger() -> Ledger<DiscardingLogStorage> {
    Ledger::open(
        DiscardingLogStorage::default(),
        ChainState::new("munster.example/hansa/evidence"),
        "boot-1",
    )
}

/// A value that such a log holds.
///
/// # Panics
/// When it does not take it.
#[expect(clippy::expect_used, reason = "a test can't go on without its record")]
pub fn recorded<T: Evidence>(
    ledger: &mut Ledger<DiscardingLogStorage>,
    value: T,
    now: UtcTimestamp,
) -> Recorded<T> {
    ledger.record(value, stamp(now)).expect("a record")
}

/// When a record is made, and its salt.
#[must_use]
pub const fn stamp(now: UtcTimestamp) -> RecordMetadata {
    RecordMetadata {
        tick: ClockReading {
            wall: now,
            mono_ns: 0,
        },
        salt: RecordSalt([7; 16]),
    }
}

fn issuer() -> Digest {
    Digest::of(b"issuer")
}

fn signature(role: SignatoryRole, party: &ContractParty) -> Signature {
    Signature {
        role,
        kid: party.signing_key.clone(),
        alg: "EdDSA".to_owned(),
        issued_at: 0,
        signing_input: Vec::new(),
        signature: Vec::new(),
        seal: None,
        mandate: None,
    }
}

/// Keeps nothing, and fails only when it is told to.
#[derive(Debug, Default)]
pub struct DiscardingLogStorage {
    /// Takes nothing any more.
    pub full: bool,
}

impl LogStorage for DiscardingLogStorage {
    fn append(&mut self, _: &[u8]) -> Result<(), StorageError> {
        if self.full {
            return Err(StorageError {
                reason: "full".to_owned(),
                full: true,
            });
        }
        Ok(())
    }
}

/// Takes every signature.
struct PermissiveSignatureCheck;

impl SignatureVerifier for PermissiveSignatureCheck {
    fn check_signature(
        &self,
        _: &ParticipantId,
        _: &Signature,
        _: SignaturePurpose,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(&self, _: &ParticipantId, _: &SignedMandate, _: &Signature) -> bool {
        false
    }

    fn logged_at(&self) -> Option<UtcTimestamp> {
        None
    }
}
