//! Derivation of a question's effects on a worker, from contracts that the worker has checked.

use super::query_shape::QueryShape;
use super::sourced_grant::SourcedGrant;
use super::{evaluation, join_check};
use crate::contract::ActiveContracts;
use crate::effect::Effect;
use crate::id::{ClauseId, DatasetId};
use crate::refusal::Refusal;
use crate::term::rule::EffectBinding;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Circumstances of a question, as stated by the connector. They can't extend what a contract permits.
#[derive(Debug, Clone, Copy)]
pub struct DerivationContext<'a> {
    /// Tenant to which the connector maps the asking participant.
    pub tenant: Option<&'a str>,
    /// Prohibitions that hold, by dataset.
    pub prohibitions: &'a BTreeMap<DatasetId, BTreeSet<ClauseId>>,
    /// Instant of the decision.
    pub now: UtcTimestamp,
}

/// Question with the effects of its contracts, derived without a decision. A worker may run tasks of it for the connector that has
/// decided. Made by [`derive_effects`] alone.
#[derive(Debug)]
pub struct DerivedQuery<Q> {
    question: Q,
    effects: BTreeMap<DatasetId, Vec<Effect>>,
}

/// Derives the effects, after checks of window, names, columns and joins as for a decision. The connector has decided on what only
/// it can know: quotas, purposes, credentials and restrictions. This is the only constructor of [`DerivedQuery`].
///
/// # Errors
/// As [`super::decide_question`], of these checks.
pub fn derive_effects<Q: QueryShape>(
    active: &ActiveContracts,
    stated: DerivationContext<'_>,
    question: Q,
) -> Result<DerivedQuery<Q>, Refusal> {
    // Names are checked before columns, so that a refusal reports a missing dataset first.
    let granted = |dataset| SourcedGrant::of_contract(active, dataset);
    let reads = question.used_columns();
    reads
        .keys()
        .try_for_each(|dataset| granted(dataset).map(drop))?;
    let to = EffectBinding::of(active.asker().id()).with_tenant(stated.tenant);
    let nothing = BTreeSet::new();
    let mut effects = BTreeMap::new();
    for (dataset, read) in reads {
        let held = stated.prohibitions.get(dataset).unwrap_or(&nothing);
        let to = to.with_prohibited(held).with_instant(stated.now);
        let of_dataset = evaluation::derive_grant_effects(granted(dataset)?, read, to)?;
        effects.insert(dataset.clone(), of_dataset);
    }
    for (dataset, join_use) in question.dataset_joins() {
        if let Some(grant) = active.grants().get(&dataset) {
            join_check::check_joins(grant, &join_use)?;
        }
    }
    Ok(DerivedQuery { question, effects })
}

impl<Q> DerivedQuery<Q> {
    /// Effects on each dataset.
    #[must_use]
    pub const fn effects(&self) -> &BTreeMap<DatasetId, Vec<Effect>> {
        &self.effects
    }

    /// Question without its effects, which the executor has already taken.
    #[must_use]
    pub fn into_question(self) -> Q {
        self.question
    }
}

/// Digest of all effects. Two programs of one version that derive the same effects get the same digest.
#[must_use]
pub fn effects_digest(effects: &BTreeMap<DatasetId, Vec<Effect>>) -> Digest {
    Digest::of(format!("{effects:?}").as_bytes())
}
