//! Questions that go on from an earlier answer, or are about an earlier instant: which rows of their datasets they are about, by when
//! those came.
//!
//! Whoever was answered holds the answer over a state of the view. What came since is the answer over the rows that came, as long as
//! the question and all that is done to the rows are the same as then, row by row. Everything else is asked anew.

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
    /// Names the question with all that is done for it: a later one of the same name is the same question about the same view. The
    /// secret keeps readers of the log from trying texts.
    #[must_use]
    pub fn mark(&self, secret: &[u8; 32], sql: &str) -> Digest {
        let effects = derivation::digest(&self.conditions.effects);
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

    /// The same, about these rows.
    #[must_use]
    pub fn with_row_scope(mut self, mark: Digest, part: ResolvedRowScope) -> Self {
        self.mark = Some(mark);
        self.row_scope = part;
        self
    }

    /// Whether what is done to the rows is done to each by itself, so that more rows make more of the view and nothing else.
    ///
    /// # Errors
    /// `code` with the dataset and the clause that looks at rows together.
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

    /// Whether the same rows show the same at any time: neither cells that are released one after the other, nor noise.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        let mut all = self.conditions.effects.values().flatten();
        all.all(|effect| match &effect.kind {
            EffectKind::AggregateOnly(cube) => cube.release.is_none() && cube.budget.is_none(),
            _ => true,
        })
    }

    /// What is told instead of rows: that nothing came since the answer whose permit is this record.
    #[must_use]
    pub fn no_new_data(self, follows: u64) -> NoNewDataDecision {
        NoNewDataDecision {
            request: self.request,
            peer: self.active.asker().id().clone(),
            follows,
        }
    }
}

/// The closed list of effects that look at one row at a time.
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
        // Its instant stands in it, and so in the mark: what was too young then is another question.
        | EffectKind::KeepBefore { .. } => true,
        EffectKind::AggregateOnly(_) => false,
    }
}

/// A question that is permitted and to which nothing came since an earlier answer. Made by [`PermitDecision::no_new_data`] alone.
#[derive(Debug)]
pub struct NoNewDataDecision {
    request: RequestId,
    peer: ParticipantId,
    follows: u64,
}

impl NoNewDataDecision {
    /// What whoever asks is told.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::new(ErrorCode::NothingNew, "nothing came since that answer")
    }
}

impl Evidence for NoNewDataDecision {
    fn entry(&self) -> RecordBody {
        NoNewDataRecord {
            request_id: self.request.to_string(),
            peer: self.peer.to_string(),
            follows: self.follows,
        }
        .into()
    }
}
