//! What a ruling and a refusal leave in the log: names, digests and counts, never the text of a question.

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
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};
use std::collections::BTreeSet;

impl<Q: QueryShape> Evidence for PermitDecision<Q> {
    fn entry(&self) -> RecordContent {
        let read = || {
            self.active
                .grants()
                .iter()
                .filter(|(dataset, _)| self.conditions.effects.contains_key(*dataset))
        };
        RecordContent {
            kind: "permit",
            body: self.with_part(vec![
                ("request_id", Json::text(self.request)),
                ("peer", Json::text(self.active.asker().id())),
                ("peer_cert_sha256", certificate(&self.active)),
                (
                    "contracts",
                    contracts(read().filter_map(|(_, grant)| grant.contract())),
                ),
                (
                    "grants",
                    Json::List(
                        read()
                            .map(|(dataset, grant)| {
                                let guard = self.restrictions.get(dataset).copied();
                                granted(
                                    (dataset, grant),
                                    self.conditions.relied.get(dataset),
                                    guard,
                                )
                            })
                            .collect(),
                    ),
                ),
                ("purpose", optional(self.purpose.as_ref())),
                ("sql_commit", Json::text(self.sql_commit)),
                ("plan_digest", Json::text(self.question.digest())),
                (
                    "datasets",
                    Json::List(
                        read()
                            .map(|(dataset, _)| {
                                let after = self.row_scope.after.get(dataset);
                                let members = [
                                    ("id", Json::text(dataset)),
                                    ("snapshot", optional(self.conditions.snapshots.get(dataset))),
                                ];
                                let after = after.map(|label| ("after", Json::text(label)));
                                Json::object(members.into_iter().chain(after))
                            })
                            .collect(),
                    ),
                ),
                ("reservations", self.reservations()),
                ("charges", self.charges()),
                AnswerBound::FIRST.member(),
                ("node_version", Json::text(&self.connector_version)),
            ]),
        }
    }
}

impl<Q> PermitDecision<Q> {
    /// Which rows it is about, only where it says so: records from before there were any stay as they are.
    fn with_part(&self, members: Vec<(&'static str, Json)>) -> Json {
        let follows = self
            .row_scope
            .follows
            .map(|index| ("follows", Json::count(index)));
        let as_of = self.row_scope.as_of.map(|at| ("as_of", Json::text(at)));
        let mark = self.mark.map(|mark| ("mark", Json::text(mark)));
        let program = match self.active.asker() {
            Requester::Peer(peer) => peer.program().map(program),
            Requester::Web(_) => Some(("web", Json::Bool(true))),
            Requester::House(_) | Requester::Supposed(_) => None,
        };
        let more = follows.into_iter().chain(as_of).chain(mark).chain(program);
        Json::object(members.into_iter().chain(more))
    }

    /// What of what was paid beforehand is spent by admitting the question.
    fn charges(&self) -> Json {
        let charged = self
            .conditions
            .charges
            .iter()
            .filter(|charge| charge.count > 0);
        Json::List(charged.map(|charge| charge.charge(charge.count)).collect())
    }

    /// What is spent by admitting the question: one question in each quota of questions. Rows and bytes are reserved when
    /// they are about to leave, in records of their own.
    fn reservations(&self) -> Json {
        let spent = self
            .conditions
            .budgets
            .iter()
            .filter(|budget| budget.counts == QuotaKind::Queries)
            .map(|budget| budget.reservation(1));
        Json::List(spent.collect())
    }
}

impl QuotaBudget {
    /// What stands in a record of what is taken of it.
    #[must_use]
    pub fn reservation(&self, amount: u64) -> Json {
        Json::object([
            ("contract", Json::text(self.contract)),
            numbered(self.clause),
            ("counts", Json::text(self.counts.as_str())),
            ("slot", Json::text(self.slot)),
            ("amount", Json::count(amount)),
        ])
    }
}

/// A clause by its number: of the contract, or of the restriction beside it.
fn numbered(clause: ClauseId) -> (&'static str, Json) {
    match clause.of_restriction() {
        None => ("clause", Json::Int(i64::from(clause.0))),
        Some(number) => ("guard", Json::Int(i64::from(number))),
    }
}

impl Evidence for PendingRefusal {
    fn entry(&self) -> RecordContent {
        let refusal = &self.refusal;
        let asked = self.asked.as_ref();
        let mut body = vec![
            ("request_id", optional(asked.map(|asked| asked.request))),
            ("code", Json::text(refusal.code)),
            ("stage", Json::text(stage(refusal.code.kind()))),
            ("contract", optional(refusal.contract)),
            refusal.clause.map_or(("clause", Json::Null), numbered),
        ];
        match &self.opened {
            Some(opened) => body.extend([
                ("opened", Json::count(opened.index())),
                ("outcome", Json::text("failed")),
                ("rows", Json::Int(0)),
                ("bytes", Json::Int(0)),
            ]),
            None => {
                body.extend(asked.map(question).into_iter().flatten());
                let asked_by = asked.and_then(|asked| asked.program.as_ref());
                body.extend(asked_by.map(program));
            }
        }
        RecordContent {
            kind: if self.opened.is_some() {
                "close"
            } else {
                "refuse"
            },
            body: Json::object(body),
        }
    }
}

fn question(asked: &RefusedQuery) -> [(&'static str, Json); 5] {
    let RefusedQuery {
        request: _,
        peer,
        certificate,
        program: _,
        contracts: named,
        purpose,
        sql_commit,
    } = asked;
    [
        ("peer", Json::text(peer)),
        ("peer_cert_sha256", optional(*certificate)),
        ("contracts", contracts(named.iter().copied())),
        ("purpose", optional(purpose.as_ref())),
        ("sql_commit", Json::text(sql_commit)),
    ]
}

impl RefusedQuery {
    /// What is known once the caller is.
    #[must_use]
    pub fn by(
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
    /// Everything that can be counted.
    pub const ALL: [Self; 3] = [Self::Queries, Self::Rows, Self::Bytes];

    /// What is counted, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Rows => "rows",
            Self::Bytes => "bytes",
        }
    }
}

fn granted(
    (dataset, grant): (&DatasetId, &DatasetGrant),
    relied: Option<&BTreeSet<SupportingCredential>>,
    restriction: Option<Digest>,
) -> Json {
    let applied = grant
        .clauses()
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
        .map(|clause| Json::Int(i64::from(clause.id.0)));
    let relied: Vec<Json> = relied
        .into_iter()
        .flatten()
        .map(|credential| Json::text(credential.statement))
        .collect();
    let granted = [
        ("dataset", Json::text(dataset)),
        ("contract", optional(grant.contract())),
        (
            "grant_hash",
            Json::text(format!(
                "{}:{}",
                normal_form::FORM,
                normal_form::grant_hash(grant.clauses())
            )),
        ),
        ("clauses_applied", Json::List(applied.collect())),
    ];
    // Only where a clause relies on one: records from before there were any stay as they are.
    let relied = (!relied.is_empty()).then_some(("relied_on", Json::List(relied)));
    let attest = grant.clause_where(|term| matches!(term, Term::Attest { .. }));
    let attest = attest.and(grant.first());
    let attest = attest.map(|first| ("attest", Json::text(first)));
    let restriction = restriction.map(|document| ("guard", Json::text(document)));
    Json::object(
        granted
            .into_iter()
            .chain(relied)
            .chain(attest)
            .chain(restriction),
    )
}

fn certificate(active: &ActiveContracts) -> Json {
    match active.asker() {
        Requester::Peer(peer) => optional(peer.certificate()),
        Requester::House(_) | Requester::Web(_) | Requester::Supposed(_) => Json::Null,
    }
}

/// Says that no connector countersigns, and by which access token it was asked; absent where a connector asked.
fn program(access: &ProgramAccess) -> (&'static str, Json) {
    let presented = match access {
        ProgramAccess::Certificate => [("by", Json::text("certificate"))].to_vec(),
        ProgramAccess::AccessToken { id, contract } => vec![
            ("by", Json::text("access_token")),
            ("token", Json::text(id)),
            ("contract", Json::text(contract)),
        ],
    };
    ("program", Json::object(presented))
}

fn contracts(ids: impl Iterator<Item = ContractId>) -> Json {
    Json::List(ids.map(Json::text).collect())
}

fn optional(value: Option<impl std::fmt::Display>) -> Json {
    value.map_or(Json::Null, Json::text)
}

const fn stage(kind: ErrorClass) -> &'static str {
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
