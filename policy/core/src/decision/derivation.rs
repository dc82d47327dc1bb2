//! What a worker derives by itself: from contracts that it has checked, what is done to each dataset of a question.

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

/// What the connector says of the circumstances of a question; nothing of it can make a contract give more than it can ever give.
#[derive(Debug, Clone, Copy)]
pub struct DerivationContext<'a> {
    /// The tenant that the connector maps the asker to.
    pub tenant: Option<&'a str>,
    /// The prohibitions that hold, by dataset.
    pub prohibitions: &'a BTreeMap<DatasetId, BTreeSet<ClauseId>>,
    /// The instant of the ruling.
    pub now: UtcTimestamp,
}

/// A question with what its contracts do to each dataset, derived and not ruled on: tasks of it may be run for the connector
/// that has ruled. Made by [`derive()`] alone.
#[derive(Debug)]
pub struct DerivedQuery<Q> {
    question: Q,
    effects: BTreeMap<DatasetId, Vec<Effect>>,
}

/// The one maker of [`DerivedQuery`]: window, names, columns and joins are checked as for a ruling; what only the connector can know
/// (quotas, purposes, credentials, restrictions) it has ruled on.
///
/// # Errors
/// As [`super::decide`], of these checks.
pub fn derive<Q: QueryShape>(
    active: &ActiveContracts,
    stated: DerivationContext<'_>,
    question: Q,
) -> Result<DerivedQuery<Q>, Refusal> {
    // All names before any column, so that a refusal names what is missing first.
    let granted = |dataset| SourcedGrant::of_contract(active, dataset);
    let reads = question.reads();
    reads
        .keys()
        .try_for_each(|dataset| granted(dataset).map(drop))?;
    let to = EffectBinding::of(active.asker().id()).with_tenant(stated.tenant);
    let nothing = BTreeSet::new();
    let mut effects = BTreeMap::new();
    for (dataset, read) in reads {
        let held = stated.prohibitions.get(dataset).unwrap_or(&nothing);
        let to = to.with_prohibited(held).at(stated.now);
        let of_dataset = evaluation::effects(granted(dataset)?, read, to)?;
        effects.insert(dataset.clone(), of_dataset);
    }
    for (dataset, join_use) in question.meetings() {
        if let Some(grant) = active.grants().get(&dataset) {
            join_check::check(grant, &join_use)?;
        }
    }
    Ok(DerivedQuery { question, effects })
}

impl<Q> DerivedQuery<Q> {
    /// What is done to each dataset.
    #[must_use]
    pub const fn effects(&self) -> &BTreeMap<DatasetId, Vec<Effect>> {
        &self.effects
    }

    /// The question alone; for the executor, which has taken the effects.
    #[must_use]
    pub fn into_question(self) -> Q {
        self.question
    }
}

/// What names these effects as a whole: two programs of one version that derive the same get the same.
#[must_use]
pub fn digest(effects: &BTreeMap<DatasetId, Vec<Effect>>) -> Digest {
    Digest::of(format!("{effects:?}").as_bytes())
}
