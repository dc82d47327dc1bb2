//! Records of permits and refusals: names, digests and counts, never the text of a question.

use super::query_shape::QueryShape;
use super::quota_budget::{QuotaBudget, QuotaKind};
use super::{PendingRefusal, PermitDecision, RefusedQuery};
use crate::attribute::SupportingCredential;
use crate::contract::{ActiveContracts, DatasetGrant, Requester};
use crate::id::{ClauseId, ContractId, DatasetId, ParticipantId, PurposeId};
use crate::peer::ProgramAccess;
use crate::refusal::ErrorClass;
use crate::term::{Term, normal_form};
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::answers::{
    CloseRecord, DatasetEntry, GrantEntry, PermitRecord, PrepaidDraft, ProgramEntry,
    QuotaReservation, RefusalRecord,
};
use hansa_audit_log::record::body::RecordBody;
use std::collections::BTreeSet;

impl<Q: QueryShape> Evidence for PermitDecision<Q> {
    fn to_record_body(&self) -> RecordBody {
        let read = || {
            self.active
                .grants()
                .iter()
                .filter(|(dataset, _)| self.conditions.effects.contains_key(*dataset))
        };
        let (program, web) = match self.active.asker() {
            Requester::Peer(peer) => (peer.program().map(program_entry), None),
            Requester::Web(_) => (None, Some(true)),
            Requester::House(_) | Requester::Supposed(_) => (None, None),
        };
        let body = PermitRecord {
            request_id: self.request.to_string(),
            peer: self.active.asker().id().to_string(),
            peer_cert_sha256: asker_certificate(&self.active),
            contracts: to_texts(read().filter_map(|(_, grant)| grant.contract())),
            grants: read()
                .map(|(dataset, grant)| {
                    let relied = self.conditions.relied.get(dataset);
                    let restriction = self.restrictions.get(dataset).copied();
                    grant_entry(dataset, grant, relied, restriction)
                })
                .collect(),
            purpose: self.purpose.as_ref().map(ToString::to_string),
            sql_commit: self.sql_commit,
            plan_digest: self.question.digest().to_string(),
            datasets: read()
                .map(|(dataset, _)| DatasetEntry {
                    id: dataset.to_string(),
                    snapshot: self.conditions.snapshots.get(dataset).cloned(),
                    after: self.row_scope.after.get(dataset).cloned(),
                })
                .collect(),
            reservations: self.reservations(),
            charges: self.charges(),
            at_most: AnswerBound::FIRST,
            node_version: self.connector_version.clone(),
            follows: self.row_scope.follows,
            as_of: self.row_scope.as_of,
            mark: self.mark.map(|mark| mark.to_string()),
            program,
            web,
        };
        body.into()
    }
}

impl<Q> PermitDecision<Q> {
    /// Prepaid amounts that admission of the question spends.
    fn charges(&self) -> Vec<PrepaidDraft> {
        let charged = self
            .conditions
            .charges
            .iter()
            .filter(|charge| charge.count > 0);
        charged
            .map(|charge| charge.draft_charge(charge.count))
            .collect()
    }

    /// Quotas that admission of the question uses: one question in each quota of questions. Rows and bytes are reserved before they
    /// are sent, in records of their own.
    fn reservations(&self) -> Vec<QuotaReservation> {
        self.conditions
            .budgets
            .iter()
            .filter(|budget| budget.counts == QuotaKind::Queries)
            .map(|budget| budget.reservation(1))
            .collect()
    }
}

impl QuotaBudget {
    /// Record entry for a reservation of this amount.
    #[must_use]
    pub fn reservation(&self, amount: u64) -> QuotaReservation {
        let (clause, restriction) = number_clause(self.clause);
        QuotaReservation {
            contract: self.contract.to_string(),
            clause,
            restriction,
            counts: self.counts.as_str().to_owned(),
            slot: self.slot.to_string(),
            amount,
        }
    }
}

/// Number of the clause, as one of the contract or as one of the restriction.
fn number_clause(clause: ClauseId) -> (Option<u32>, Option<u32>) {
    match clause.of_restriction() {
        None => (Some(clause.0), None),
        Some(number) => (None, Some(number)),
    }
}

impl Evidence for PendingRefusal {
    fn to_record_body(&self) -> RecordBody {
        let refusal = &self.refusal;
        let asked = self.asked.as_ref();
        let request_id = asked.map(|asked| asked.request.to_string());
        let code = refusal.code.to_string();
        let stage = stage_name(refusal.code.kind()).to_owned();
        let contract = refusal.contract.map(|contract| contract.to_string());
        let (clause, restriction) = refusal.clause.map(number_clause).unwrap_or_default();
        match &self.opened {
            Some(opened) => CloseRecord {
                request_id,
                opened: opened.index(),
                outcome: "failed".to_owned(),
                code: Some(code),
                rows: Some(0),
                bytes: Some(0),
                result_digest: None,
                at_most: None,
                stage: Some(stage),
                contract,
                clause,
                restriction,
            }
            .into(),
            None => RefusalRecord {
                request_id,
                code,
                stage,
                contract,
                clause,
                restriction,
                peer: asked.map(|asked| asked.peer.to_string()),
                peer_cert_sha256: asked.and_then(|asked| asked.certificate),
                contracts: asked.map(|asked| to_texts(asked.contracts.iter())),
                purpose: asked.and_then(|asked| asked.purpose.as_ref().map(ToString::to_string)),
                sql_commit: asked.map(|asked| asked.sql_commit),
                program: asked.and_then(|asked| asked.program.as_ref().map(program_entry)),
            }
            .into(),
        }
    }
}

impl RefusedQuery {
    /// Known facts of the question and of its identified caller.
    #[must_use]
    pub fn new(
        asker: &Requester,
        request: crate::id::RequestId,
        contracts: Vec<ContractId>,
        purpose: Option<PurposeId>,
        sql_commit: Digest,
    ) -> Self {
        let (peer, certificate, program): (ParticipantId, _, _) = match asker {
            Requester::Peer(peer) => (
                peer.id().clone(),
                peer.certificate(),
                peer.program().cloned(),
            ),
            Requester::House(own) | Requester::Web(own) | Requester::Supposed(own) => {
                (own.clone(), None, None)
            }
        };
        Self {
            request,
            peer,
            certificate,
            program,
            contracts,
            purpose,
            sql_commit,
        }
    }
}

impl QuotaKind {
    /// All countable quantities.
    pub const ALL: [Self; 3] = [Self::Queries, Self::Rows, Self::Bytes];

    /// Counted quantity in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Rows => "rows",
            Self::Bytes => "bytes",
        }
    }
}

fn grant_entry(
    dataset: &DatasetId,
    grant: &DatasetGrant,
    relied: Option<&BTreeSet<SupportingCredential>>,
    restriction: Option<Digest>,
) -> GrantEntry {
    let applied = grant
        .clauses()
        .iter()
        .filter(|clause| !clause.term.is_recorded_only());
    let relied = relied.into_iter().flatten();
    let attest = grant.clause_where(|term| matches!(term, Term::Attest { .. }));
    GrantEntry {
        dataset: dataset.to_string(),
        contract: grant.contract().map(|contract| contract.to_string()),
        grant_hash: format!(
            "{}:{}",
            normal_form::FORM,
            normal_form::grant_hash(grant.clauses())
        ),
        clauses_applied: applied.map(|clause| clause.id.0).collect(),
        relied_on: to_texts(relied.map(|credential| credential.statement)),
        attest: attest
            .and(grant.first_version())
            .map(|contract| contract.to_string()),
        restriction,
    }
}

fn asker_certificate(active: &ActiveContracts) -> Option<Digest> {
    match active.asker() {
        Requester::Peer(peer) => peer.certificate(),
        Requester::House(_) | Requester::Web(_) | Requester::Supposed(_) => None,
    }
}

/// Record entry for a program's access: no connector countersigns, and the access token is named.
fn program_entry(access: &ProgramAccess) -> ProgramEntry {
    match access {
        ProgramAccess::Certificate => ProgramEntry {
            by: "certificate".to_owned(),
            token: None,
            contract: None,
        },
        ProgramAccess::AccessToken { id, contract } => ProgramEntry {
            by: "access_token".to_owned(),
            token: Some(id.to_string()),
            contract: Some(contract.to_string()),
        },
    }
}

fn to_texts(values: impl Iterator<Item = impl std::fmt::Display>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

const fn stage_name(kind: ErrorClass) -> &'static str {
    match kind {
        ErrorClass::Identity => "identity",
        ErrorClass::Unknown => "names",
        ErrorClass::State => "state",
        ErrorClass::Policy => "terms",
        ErrorClass::Exhausted => "limits",
        ErrorClass::Usage => "question",
        ErrorClass::Invalid => "content",
        ErrorClass::OutOfReach => "reach",
        ErrorClass::Evidence => "evidence",
        ErrorClass::Failed => "execution",
        ErrorClass::Interrupted => "interrupted",
    }
}
