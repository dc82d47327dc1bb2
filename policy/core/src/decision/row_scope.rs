//! Row scope: questions that continue an earlier answer or are about an earlier instant.
//!
//! A consumer that was answered already has the answer over an earlier state of the view. The answer over the rows that came since
//! is the remainder, provided that the question and all effects are unchanged and work row by row. Other questions are answered
//! anew.

use super::query_shape::QueryShape;
use super::resolved_row_scope::ResolvedRowScope;
use super::{PermitDecision, derivation};
use crate::contract::DatasetGrant;
use crate::effect::{Effect, EffectKind};
use crate::id::{ParticipantId, RequestId};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::answers::NoNewDataRecord;
use hansa_audit_log::record::body::RecordBody;

impl<Q: QueryShape> PermitDecision<Q> {
    /// Mark of the question and all its effects. Two questions with equal marks are the same question about the same view. The
    /// secret prevents readers of the log from guessing texts.
    #[must_use]
    pub fn query_mark(&self, secret: &[u8; 32], sql: &str) -> Digest {
        let effects = derivation::effects_digest(&self.conditions.effects);
        let purpose = self.purpose.as_ref().map(ToString::to_string);
        let contracts = self.active.grants().iter();
        let contracts =
            contracts.filter(|(dataset, _)| self.conditions.effects.contains_key(*dataset));
        let contracts: Vec<String> = contracts
            .map(|(dataset, grant)| format!("{dataset} {:?}\n", grant.contract()))
            .collect();
        Digest::of_parts(&[
            b"question/1\n",
            secret,
            Digest::of(sql.as_bytes()).as_bytes(),
            self.question.digest().as_bytes(),
            effects.as_bytes(),
            Digest::of(format!("{purpose:?}").as_bytes()).as_bytes(),
            Digest::of(contracts.concat().as_bytes()).as_bytes(),
        ])
    }

    /// Permit with this mark and row scope.
    #[must_use]
    pub fn with_row_scope(mut self, mark: Digest, part: ResolvedRowScope) -> Self {
        self.mark = Some(mark);
        self.row_scope = part;
        self
    }

    /// Checks that each effect works on single rows, so that further rows extend the view without any other change.
    ///
    /// # Errors
    /// `code` with the dataset and the clause whose effect combines rows.
    pub fn is_row_by_row(&self, code: ErrorCode) -> Result<(), Refusal> {
        for (dataset, effects) in &self.conditions.effects {
            if let Some(effect) = effects.iter().find(|effect| !is_row_by_row(effect)) {
                let grant = self.active.grants().get(dataset);
                let sentence = format!(
                    "the contract gives figures of `{}` over all of its rows, and none over those that came by some time",
                    dataset.name
                );
                let refusal = Refusal::new(code, sentence);
                return Err(match grant.and_then(DatasetGrant::contract) {
                    Some(contract) => refusal
                        .with_contract(contract)
                        .with_clause(effect.clause, "figures over all rows"),
                    None => refusal,
                });
            }
        }
        Ok(())
    }

    /// True if equal rows look equal at any time: neither cells released one after the other, nor noise.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        let mut all = self.conditions.effects.values().flatten();
        all.all(|effect| match &effect.kind {
            EffectKind::AggregateOnly(cube) => cube.release.is_none() && cube.budget.is_none(),
            _ => true,
        })
    }

    /// Decision for an answer without new rows since the answer of permit `follows`.
    #[must_use]
    pub fn no_new_data(self, follows: u64) -> NoNewDataDecision {
        NoNewDataDecision {
            request: self.request,
            peer: self.active.asker().id().clone(),
            follows,
        }
    }
}

/// Closed list of effects that work on single rows.
const fn is_row_by_row(effect: &Effect) -> bool {
    match effect.kind {
        EffectKind::KeepRows(_)
        | EffectKind::KeepInside { .. }
        | EffectKind::KeepWithin(_)
        | EffectKind::ShowColumns(_)
        | EffectKind::HideColumns(_)
        | EffectKind::MaskColumn { .. }
        | EffectKind::Pseudonymise { .. }
        | EffectKind::Shorten { .. }
        | EffectKind::Band { .. }
        | EffectKind::LookUp(_)
        | EffectKind::CoarsenTime { .. }
        | EffectKind::CoarsenPlace { .. }
        // The instant is part of the effect and so of the mark: a later instant gives another mark.
        | EffectKind::KeepBefore { .. } => true,
        EffectKind::AggregateOnly(_) => false,
    }
}

/// Permitted question without new rows since an earlier answer. Made by [`PermitDecision::no_new_data`] alone.
#[derive(Debug)]
pub struct NoNewDataDecision {
    request: RequestId,
    peer: ParticipantId,
    follows: u64,
}

impl NoNewDataDecision {
    /// Refusal for the asking participant.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::new(ErrorCode::NothingNew, "no new rows came since that answer")
    }
}

impl Evidence for NoNewDataDecision {
    fn to_record_body(&self) -> RecordBody {
        NoNewDataRecord {
            request_id: self.request.to_string(),
            peer: self.peer.to_string(),
            follows: self.follows,
        }
        .into()
    }
}
