//! Conditions of a prohibition. The prohibition holds if all of them hold.

use super::ProhibitionCondition;
use crate::id::PurposeId;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::contract_context::ContractContext;
use crate::term::delivery::NetworksTerm;
use crate::term::hours::HoursTerm;
use crate::term::purpose::purpose_terms::PurposeTerm;
use crate::term::purpose::{OwnPurpose, Taxonomy};
use crate::term::rule::TermRule;
use crate::term::window::{NotAfterTerm, NotBeforeTerm};
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Circumstances of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) now: UtcTimestamp,
    pub(crate) purpose: Option<&'a PurposeId>,
    pub(crate) taxonomy: &'a Taxonomy,
    /// Version and digest of the contract's purpose vocabulary, and the own purposes of the contract.
    pub(crate) purposes: (&'a str, &'a [OwnPurpose]),
    pub(crate) around: &'a ContractContext,
}

impl ProhibitionCondition {
    /// Empty condition, which always holds.
    pub const ALWAYS: Self = Self {
        purpose: None,
        from: None,
        until: None,
        hours: None,
        networks: None,
    };

    /// Rules of the conditions in canonical order. They give the ODRL form and the comparison.
    pub(super) fn rules(&self) -> Vec<Box<dyn TermRule + '_>> {
        let mut rules: Vec<Box<dyn TermRule + '_>> = Vec::new();
        if let Some(list) = &self.purpose {
            rules.push(Box::new(PurposeTerm(list)));
        }
        if let Some(from) = self.from {
            rules.push(Box::new(NotBeforeTerm(from)));
        }
        if let Some(until) = self.until {
            rules.push(Box::new(NotAfterTerm(until)));
        }
        if let Some(hours) = &self.hours {
            rules.push(Box::new(hours.clone()));
        }
        if let Some(list) = &self.networks {
            rules.push(Box::new(NetworksTerm(list)));
        }
        rules
    }

    /// Checks that the conditions can hold at some time.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let empty = self.purpose.as_ref().is_some_and(Vec::is_empty)
            || self.networks.as_ref().is_some_and(Vec::is_empty);
        if empty {
            return Err(contradiction_refusal("a list of a prohibition is empty"));
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(contradiction_refusal(format!(
                "the prohibition holds from {from} until {until}, which is never"
            ))),
            _ => Ok(()),
        }
    }

    /// True if all conditions hold. An undecidable condition counts as true.
    ///
    /// # Errors
    /// `TERM_UNKNOWN` where the contract uses a purpose vocabulary that is not known here.
    pub(crate) fn holds(&self, among: &Circumstances<'_>) -> Result<bool, Refusal> {
        Ok(self.may_hold_at(among.now) && self.whatever_time(among)?)
    }

    /// Next instant after now at which the conditions begin to hold. None if they never do, or hold already.
    ///
    /// # Errors
    /// As [`Self::holds`].
    pub(crate) fn next_start(
        &self,
        among: &Circumstances<'_>,
    ) -> Result<Option<UtcTimestamp>, Refusal> {
        let now = among.now;
        if self.may_hold_at(now) || !self.whatever_time(among)? {
            return Ok(None);
        }
        let from = self.from.filter(|from| *from > now);
        let begins = match (&self.hours, from) {
            (None, from) => from,
            (Some(hours), Some(from)) if hours.open(from) => Some(from),
            (Some(hours), from) => hours.next(from.unwrap_or(now)),
        };
        Ok(begins.filter(|begins| self.until.is_none_or(|until| *begins < until)))
    }

    /// True if these conditions certainly hold wherever the other's hold.
    pub(super) fn covers(&self, other: &Self) -> bool {
        covers_condition(&self.purpose, &other.purpose, |narrow, wide| {
            PurposeTerm(narrow).compare(&PurposeTerm(wide))
        }) && covers_condition(&self.from, &other.from, |narrow, wide| {
            NotBeforeTerm(*narrow).compare(&NotBeforeTerm(*wide))
        }) && covers_condition(&self.until, &other.until, |narrow, wide| {
            NotAfterTerm(*narrow).compare(&NotAfterTerm(*wide))
        }) && covers_condition(&self.hours, &other.hours, HoursTerm::compare)
            && covers_condition(&self.networks, &other.networks, |narrow, wide| {
                NetworksTerm(narrow).compare(&NetworksTerm(wide))
            })
    }

    fn may_hold_at(&self, now: UtcTimestamp) -> bool {
        self.from.is_none_or(|from| now >= from)
            && self.until.is_none_or(|until| now < until)
            && self
                .hours
                .as_ref()
                .is_none_or(|hours| hours.may_be_open(now))
    }

    fn whatever_time(&self, among: &Circumstances<'_>) -> Result<bool, Refusal> {
        let networks = self.networks.as_ref().is_none_or(|list| {
            let into = |address| list.iter().any(|network| network.holds(address));
            among.around.address.is_none_or(into)
        });
        let purpose = match &self.purpose {
            None => true,
            Some(list) => is_declared_purpose_listed(list, among)?,
        };
        Ok(networks && purpose)
    }
}

/// True if one condition holds wherever the other of its kind does. An absent condition always holds.
fn covers_condition<T>(
    wide: &Option<T>,
    narrow: &Option<T>,
    order: impl FnOnce(&T, &T) -> Option<Ordering>,
) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => {
            matches!(order(narrow, wide), Some(Ordering::Less | Ordering::Equal))
        }
    }
}

/// True if the declared purpose is one of the list, narrower or wider. An absent or unknown purpose counts as listed.
fn is_declared_purpose_listed(
    list: &[PurposeId],
    among: &Circumstances<'_>,
) -> Result<bool, Refusal> {
    if among.taxonomy.label != among.purposes.0 {
        return Err(Refusal::new(
            ErrorCode::TermUnknown,
            format!(
                "the contract uses the purposes `{}`, this connector has `{}`",
                among.purposes.0, among.taxonomy.label
            ),
        )
        .with_help("amend the contract"));
    }
    let whole = among.taxonomy.with_own(among.purposes.1)?;
    let Some(declared) = among.purpose.filter(|declared| whole.contains(declared)) else {
        return Ok(true);
    };
    Ok(list.iter().any(|one| {
        !whole.contains(one) || whole.covers(one, declared) || whole.covers(declared, one)
    }))
}
