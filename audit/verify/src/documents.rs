//! Signed documents of all files, and their check: each agrees with its name and has the required signatures.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::documents::{DocumentKind, SignedDocument};
use hansa_audit_store::history::contract_timeline::RecordedWithdrawal;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::signature::Signature;
use hansa_policy::contract::{SignedContract, VerifiedContract};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use std::collections::{BTreeMap, BTreeSet};

/// Verified documents, by kind.
#[derive(Default)]
pub(crate) struct DocumentIndex {
    /// Contracts with valid signatures.
    pub(crate) contracts: BTreeMap<ContractId, VerifiedContract>,
    /// Signatures of each contract, with the signers' times and keys.
    pub(crate) signed: BTreeMap<ContractId, Vec<Signature>>,
    /// Contracts that are present and invalid, or can't be judged.
    bad: BTreeSet<ContractId>,
    /// Receipts by the digest of their bytes, as received.
    pub(crate) receipts: BTreeMap<String, String>,
    /// Supporting statements of answers by their digest, as received.
    pub(crate) statements: BTreeMap<String, String>,
    /// Statements of deletion by the digest of their bytes, as received.
    pub(crate) deletions: BTreeMap<String, String>,
    /// Statements of use by the digest of their bytes, as received.
    pub(crate) usages: BTreeMap<String, String>,
    /// Statements of incidents by the digest of their bytes, as received.
    pub(crate) incidents: BTreeMap<String, String>,
    /// Restrictions of datasets by the digest of their bytes, as received.
    pub(crate) restrictions: BTreeMap<String, String>,
}

/// File of a log among all files that are judged together.
#[derive(Clone, Copy)]
struct ComparedCopy<'a> {
    copy: &'a ExportFile,
    copies: &'a [ExportFile],
}

impl DocumentIndex {
    /// Judges the documents by the keys of the league.
    pub(crate) fn judge(
        documents: Vec<SignedDocument>,
        copies: &[ExportFile],
        trust: Option<&TrustBundle>,
        findings: &mut Vec<AuditFinding>,
    ) -> Self {
        let mut pool = Self::default();
        let mut withdrawals = BTreeMap::new();
        for SignedDocument { kind, name, text } in documents {
            let Some(text) = text else { continue };
            match kind {
                DocumentKind::Contract => {
                    pool.judge_contract(&name, &text, copies, trust, findings)
                }
                DocumentKind::Receipt => drop(pool.receipts.insert(name, text)),
                DocumentKind::Statement => drop(pool.statements.insert(name, text)),
                DocumentKind::Deletion => drop(pool.deletions.insert(name, text)),
                DocumentKind::Usage => drop(pool.usages.insert(name, text)),
                DocumentKind::Incident => drop(pool.incidents.insert(name, text)),
                DocumentKind::Restriction => drop(pool.restrictions.insert(name, text)),
                DocumentKind::Withdrawal => drop(withdrawals.insert(name, text)),
                DocumentKind::Trust => {}
            }
        }
        if let Some(trust) = trust {
            for copy in copies {
                let compared = ComparedCopy { copy, copies };
                pool.judge_withdrawals(compared, &withdrawals, trust, findings);
            }
        }
        pool
    }

    fn judge_contract(
        &mut self,
        name: &str,
        text: &str,
        copies: &[ExportFile],
        trust: Option<&TrustBundle>,
        findings: &mut Vec<AuditFinding>,
    ) {
        let about = format!("contract {}", name.get(..12).unwrap_or(name));
        let Ok(id) = name.parse::<ContractId>() else {
            return;
        };
        if self.contracts.contains_key(&id) || self.bad.contains(&id) {
            return;
        }
        let Some(trust) = trust else { return };
        let read = envelope::parse_any_contract(text.as_bytes());
        let judged = read.and_then(|signed| {
            if signed.id != id {
                let sentence = "its bytes are those of another contract";
                return Err(Refusal::new(ErrorCode::ContractMalformed, sentence));
            }
            let signatures = signed.signatures.clone();
            let at = counted_at(name, &signed, copies);
            Ok((signatures, signed.verify(&trust.keys(at))?))
        });
        match judged {
            Ok((signatures, agreed)) => {
                self.signed.insert(id, signatures);
                self.contracts.insert(id, agreed);
            }
            Err(refusal) => {
                self.bad.insert(id);
                findings.push(of_refusal(&about, &refusal));
            }
        }
    }

    /// True if a contract is among the documents, valid or not.
    pub(crate) fn knows_contract(&self, id: ContractId) -> bool {
        self.contracts.contains_key(&id) || self.bad.contains(&id)
    }

    fn judge_withdrawals(
        &self,
        compared: ComparedCopy<'_>,
        documents: &BTreeMap<String, String>,
        trust: &TrustBundle,
        findings: &mut Vec<AuditFinding>,
    ) {
        let ComparedCopy { copy, copies } = compared;
        for (contract, life) in &copy.history.contracts {
            for withdrawn in &life.withdrawn {
                let index = Some(withdrawn.index);
                let Some(text) = documents.get(&withdrawn.statement) else {
                    let sentence = format!(
                        "record {}: the statement that ended contract {contract} is not in the files",
                        withdrawn.index
                    );
                    findings.push(AuditFinding::missing_evidence(&copy.file, index, sentence));
                    continue;
                };
                let id = contract.parse().ok();
                let Some(agreed) = id.and_then(|id| self.contracts.get(&id)) else {
                    continue;
                };
                let judged = envelope::parse_withdrawal(text.as_bytes()).and_then(|statement| {
                    if statement.statement.to_string() != withdrawn.statement {
                        let sentence = "the withdrawal is another one than the record names";
                        return Err(Refusal::new(ErrorCode::StatementMalformed, sentence));
                    }
                    let signed = time_from_seconds(statement.signature.issued_at);
                    let seen = first_seen(copies, withdrawn, &statement.party, agreed);
                    let keys = trust.keys(signed.min(seen));
                    agreed.verify_withdrawal(&statement, &keys.first_seen(seen))
                });
                if let Err(refusal) = judged {
                    let mut finding = of_refusal(&copy.file, &refusal);
                    finding.record = index;
                    findings.push(finding);
                }
            }
        }
    }
}

/// First version of a contract; none where an earlier version is missing in the files.
pub(crate) fn first_version(case: &EvidenceSet, id: ContractId) -> Option<ContractId> {
    let mut first = id;
    // Bounded by the number of documents, since contracts may claim to replace each other in a circle.
    for _ in 0..=case.documents.contracts.len() {
        let agreement = case.documents.contracts.get(&first)?.agreement();
        match agreement.supersedes {
            None => return Some(first),
            Some(earlier) => {
                let old = case.documents.contracts.get(&earlier)?;
                if !agreement.may_replace(old.agreement()) {
                    return Some(first);
                }
                first = earlier;
            }
        }
    }
    None
}

/// Time at which a contract entered the log of a party; its keys must have been valid then. Without such a log, the time of
/// signing. For a contract that binds others, only their logs count.
fn counted_at(name: &str, signed: &SignedContract, copies: &[ExportFile]) -> UtcTimestamp {
    let agreement = &signed.agreement;
    let is_party = |owner: &ParticipantId| {
        *owner == agreement.provider.id || agreement.assignee_id().is_none_or(|id| id == owner)
    };
    let logged = copies
        .iter()
        .filter(|copy| is_party(&copy.owner))
        .filter_map(|copy| copy.history.contracts.get(name)?.activated)
        .map(|(_, at)| at)
        .min();
    logged.unwrap_or_else(|| {
        let times = signed
            .signatures
            .iter()
            .map(|one| time_from_seconds(one.issued_at));
        times.max().unwrap_or(UtcTimestamp::EARLIEST)
    })
}

/// Time at which a withdrawal first appeared in a log of the other party. The holder of a stolen key can write any time into a
/// signature, and the signer any time into its own log. Without such a log, the time of the record itself.
fn first_seen(
    copies: &[ExportFile],
    withdrawn: &RecordedWithdrawal,
    signer: &ParticipantId,
    agreed: &VerifiedContract,
) -> UtcTimestamp {
    let agreement = agreed.agreement();
    let other = |owner: &ParticipantId| {
        owner != signer
            && (*owner == agreement.provider.id
                || agreement.assignee_id().is_none_or(|id| id == owner))
    };
    let theirs = copies.iter().filter(|copy| other(&copy.owner));
    let lives = theirs.flat_map(|copy| copy.history.contracts.values());
    let all = lives.flat_map(|life| &life.withdrawn);
    let same = all.filter(|one| one.statement == withdrawn.statement);
    same.map(|one| one.at).min().unwrap_or(withdrawn.at)
}

pub(crate) fn time_from_seconds(since: i64) -> UtcTimestamp {
    UtcTimestamp::from_micros(since.saturating_mul(1_000_000)).unwrap_or(UtcTimestamp::EARLIEST)
}

/// Finding for an invalid document. A document that a newer program may understand gets another verdict.
pub(crate) fn of_refusal(about: &str, refusal: &Refusal) -> AuditFinding {
    let sentence = format!("{}: {}", refusal.code, refusal.sentence);
    match refusal.code {
        ErrorCode::TermUnknown | ErrorCode::SignatureAlg => {
            AuditFinding::unknown_format(about, None, sentence)
        }
        _ => AuditFinding::broken_evidence(about, None, sentence),
    }
}
