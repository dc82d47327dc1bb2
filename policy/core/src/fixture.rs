//! Contracts, callers and facts for the tests of this package, made as in the product.

pub(crate) mod random_terms;
pub(crate) mod sample_rows;

use crate::contract::rendering::PageRendering;
use crate::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::contract::{
    ActiveContracts, Agreement, Assignee, ContractParty, ContractRegistry, DatasetRef,
    SignedContract, VerifiedContract,
};
use crate::id::{ClauseId, ContractId, DatasetId, ParticipantId, PurposeId, SqlIdentifier};
use crate::peer::{
    MembershipStatus, PeerCertificate, PresentedToken, ProgramAccess, Roster, VerifiedPeer,
};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::{OwnPurpose, Taxonomy};
use crate::term::{Clause, Term};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const PROVIDER: &str = "hansa://munster.example";
pub(crate) const CONSUMER: &str = "hansa://firm.example";
pub(crate) const LABEL: &str = "2.1:sha256:test";

pub(crate) fn parse_time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

pub(crate) fn parse_name(text: &str) -> SqlIdentifier {
    text.parse().unwrap()
}

pub(crate) fn parse_names(list: &[&str]) -> Vec<SqlIdentifier> {
    list.iter().map(|text| parse_name(text)).collect()
}

pub(crate) fn parse_purpose(text: &str) -> PurposeId {
    text.parse().unwrap()
}

pub(crate) fn parse_purposes(list: &[&str]) -> Vec<PurposeId> {
    list.iter().map(|text| parse_purpose(text)).collect()
}

pub(crate) fn parse_participant(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

pub(crate) fn provider_dataset(name: &str) -> DatasetId {
    format!("{PROVIDER}/d/{name}").parse().unwrap()
}

/// Small taxonomy: `dpv:Purpose` > `dpv:Research` > `dpv:Academic`; `dpv:Purpose` > `dpv:Marketing`.
pub(crate) fn small_taxonomy() -> Taxonomy {
    let edge = |name: &str, parents: &[&str]| (parse_purpose(name), parse_purposes(parents));
    let vocabulary = BTreeMap::from([
        edge("dpv:Purpose", &[]),
        edge("dpv:Research", &["dpv:Purpose"]),
        edge("dpv:Academic", &["dpv:Research"]),
        edge("dpv:Marketing", &["dpv:Purpose"]),
    ]);
    Taxonomy::new(LABEL.to_owned(), vocabulary)
}

pub(crate) fn number_clauses(terms: impl IntoIterator<Item = Term>) -> Vec<Clause> {
    terms
        .into_iter()
        .zip(1..)
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

pub(crate) fn sample_party(id: &str) -> ContractParty {
    ContractParty {
        id: parse_participant(id),
        name: id.to_owned(),
        legal_id: None,
        signing_key: format!("key of {id}"),
        tls_issuer: Digest::of(b"issuer"),
    }
}

pub(crate) fn sample_schema(dataset: &str) -> Digest {
    Digest::of(format!("schema of {dataset}").as_bytes())
}

pub(crate) fn sample_agreement(of: &str, terms: impl IntoIterator<Item = Term>) -> Agreement {
    Agreement {
        uid: format!("urn:uuid:{of}"),
        version: 1,
        supersedes: None,
        provider: sample_party(PROVIDER),
        assignee: Assignee::Participant(sample_party(CONSUMER)),
        dataset: DatasetRef {
            id: provider_dataset(of),
            schema: sample_schema(of),
            high_value: false,
        },
        clauses: number_clauses(terms),
        not_before: parse_time("2026-01-01T00:00:00Z"),
        not_after: parse_time("2027-01-01T00:00:00Z"),
        purposes: LABEL.to_owned(),
        own_purposes: vec![OwnPurpose {
            name: parse_purpose("mobility-research"),
            parent: parse_purpose("dpv:Research"),
            text: "how people move".to_owned(),
        }],
        legal: None,
        template: None,
        signatory: None,
        rendering: PageRendering::default(),
        proposed_at: parse_time("2025-12-01T00:00:00Z"),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

pub(crate) fn contract_id(of: &str) -> ContractId {
    ContractId(Digest::of(of.as_bytes()))
}

pub(crate) struct PermissiveKeys;

impl SignatureVerifier for PermissiveKeys {
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

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &crate::contract::signature::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged_at(&self) -> Option<hansa_audit_log::time::UtcTimestamp> {
        None
    }
}

/// Verifier that accepts no signature.
pub(crate) struct RejectingKeys;

impl SignatureVerifier for RejectingKeys {
    fn check_signature(
        &self,
        _: &ParticipantId,
        _: &Signature,
        _: SignaturePurpose,
    ) -> Result<(), Refusal> {
        Err(Refusal::new(ErrorCode::SignatureInvalid, "no"))
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &crate::contract::signature::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged_at(&self) -> Option<hansa_audit_log::time::UtcTimestamp> {
        None
    }
}

pub(crate) fn sample_signature(role: SignatoryRole, party: &ContractParty) -> Signature {
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

pub(crate) fn verified_contract(id: ContractId, agreement: Agreement) -> VerifiedContract {
    let mut signatures = vec![sample_signature(
        SignatoryRole::Provider,
        &agreement.provider,
    )];
    if let Assignee::Participant(consumer) = &agreement.assignee {
        signatures.push(sample_signature(SignatoryRole::Consumer, consumer));
    }
    SignedContract {
        id,
        agreement,
        signatures,
    }
    .verify(&PermissiveKeys)
    .unwrap()
}

pub(crate) fn verified_caller(id: &str) -> VerifiedPeer {
    let (roster, presented) = roster_and_certificate(id);
    roster
        .recognise(&presented, parse_time("2026-06-01T00:00:00Z"))
        .unwrap()
}

/// Program that asks on behalf of a participant.
pub(crate) fn verified_program(id: &str, access: &ProgramAccess) -> VerifiedPeer {
    let (roster, presented) = roster_and_certificate(id);
    match access {
        ProgramAccess::Certificate => {
            roster.recognise_program(&presented, parse_time("2026-06-01T00:00:00Z"))
        }
        ProgramAccess::AccessToken {
            id: token,
            contract,
        } => roster.recognise_token(PresentedToken::attest(
            token.clone(),
            *contract,
            parse_participant(id),
        )),
    }
    .unwrap()
}

fn roster_and_certificate(id: &str) -> (Roster, PeerCertificate) {
    let issuer = Digest::of(b"issuer");
    let status = MembershipStatus {
        issuers: vec![issuer],
        denied: Vec::new(),
    };
    let roster = Roster::new(BTreeMap::from([(parse_participant(id), status)]));
    let presented = PeerCertificate::attest(
        parse_participant(id),
        Digest::of(b"leaf"),
        issuer,
        UtcTimestamp::LATEST,
    );
    (roster, presented)
}

/// Registry with one contract for each of these agreements.
pub(crate) fn registry_with(agreements: impl IntoIterator<Item = Agreement>) -> ContractRegistry {
    let mut registry = ContractRegistry::new(parse_participant(PROVIDER));
    for agreement in agreements {
        let id = contract_id(agreement.dataset.id.name.as_str());
        registry
            .readmit(verified_contract(id, agreement), &BTreeSet::from([id]))
            .unwrap();
    }
    registry
}

/// Contracts of the consumer for these agreements, in force now.
pub(crate) fn active_contracts(agreements: impl IntoIterator<Item = Agreement>) -> ActiveContracts {
    standing_of(&verified_caller(CONSUMER), agreements)
}

/// Contracts for these agreements, in force now, for any caller.
pub(crate) fn standing_of(
    who: &VerifiedPeer,
    agreements: impl IntoIterator<Item = Agreement>,
) -> ActiveContracts {
    let agreements: Vec<Agreement> = agreements.into_iter().collect();
    let ids: Vec<ContractId> = agreements
        .iter()
        .map(|agreement| contract_id(agreement.dataset.id.name.as_str()))
        .collect();
    registry_with(agreements)
        .in_force(who, &ids, parse_time("2026-06-01T00:00:00Z"))
        .unwrap()
}

/// Admission of a question at an instant, without further facts.
pub(crate) fn with_admission_context<T>(
    now: &str,
    check: impl FnOnce(&crate::term::rule::AdmissionContext<'_>) -> T,
) -> T {
    check(&crate::term::rule::AdmissionContext {
        now: parse_time(now),
        context: &crate::term::contract_context::ContractContext::QUIET,
        supposing: false,
    })
}

impl crate::term::contract_context::ContractContext {
    /// Context without running questions and open duties.
    pub(crate) const QUIET: Self = Self {
        address: None,
        format: crate::value::delivery::DeliveryFormat::ArrowIpc,
        running: 0,
        activated: None,
        first_use: None,
        outstanding: 0,
        presented: crate::attribute::PresentedAttributes::NOTHING,
        balance: crate::term::contract_context::PrepaidBalance::EMPTY,
        overdue: crate::term::contract_context::OverdueAttestations::NOTHING,
        listed: None,
    };
}

/// Attribute shown by a credential that is valid long enough.
pub(crate) fn attested_attribute(
    attribute: crate::attribute::ParticipantAttribute,
) -> crate::attribute::AttestedAttribute {
    use crate::attribute::{AttributeIssuers, Credential, CredentialTrust};
    let issuer = parse_participant("hansa://chamber.example");
    let issuers = AttributeIssuers::from([(issuer.clone(), [attribute.kind()].into())]);
    let credential = Credential {
        statement: Digest::of(attribute.value().as_bytes()),
        subject: parse_participant(CONSUMER),
        attributes: vec![attribute],
        issued_at: parse_time("2026-01-01T00:00:00Z"),
        until: parse_time("2026-12-31T00:00:00Z"),
        signature: sample_signature(SignatoryRole::Provider, &sample_party(issuer.as_str())),
        issuer,
    };
    let stating = CredentialTrust {
        issuers: &issuers,
        keys: &PermissiveKeys,
        denied: &BTreeSet::new(),
    };
    let shown = credential.verify(
        &credential.subject,
        &stating,
        parse_time("2026-06-01T00:00:00Z"),
    );
    shown.unwrap().remove(0)
}
