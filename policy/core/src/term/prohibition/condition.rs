//! The conditions of a prohibition: all of them must hold.

use super::ProhibitionCondition;
use crate::contract::DatasetGrant;
use crate::id::PurposeId;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::contract_context::ContractContext;
use crate::term::purpose::Taxonomy;
use crate::term::{Term, contradiction};
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Under what circumstances a question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) now: UtcTimestamp,
    pub(crate) purpose: Option<&'a PurposeId>,
    pub(crate) taxonomy: &'a Taxonomy,
    pub(crate) grant: &'a DatasetGrant,
    pub(crate) around: &'a ContractContext,
}

impl ProhibitionCondition {
    /// No condition.
    pub const ALWAYS: Self = Self {
        purpose: None,
        from: None,
        until: None,
        hours: None,
        networks: None,
    };

    /// The conditions as terms, in their one order, whose form and order they have.
    pub(super) fn terms(&self) -> Vec<Term> {
        let all = [
            self.purpose.clone().map(Term::Purpose),
            self.from.map(Term::NotBefore),
            self.until.map(Term::NotAfter),
            self.hours.clone().map(Term::Hours),
            self.networks.clone().map(Term::Networks),
        ];
        all.into_iter().flatten().collect()
    }

    /// Takes a constraint in; gives back what can't be one here, or is said a second time.
    pub(super) fn take(&mut self, term: Term) -> Result<(), Term> {
        match term {
            Term::Purpose(list) if self.purpose.is_none() => self.purpose = Some(list),
            Term::NotBefore(from) if self.from.is_none() => self.from = Some(from),
            Term::NotAfter(until) if self.until.is_none() => self.until = Some(until),
            Term::Hours(hours) if self.hours.is_none() => self.hours = Some(hours),
            Term::Networks(list) if self.networks.is_none() => self.networks = Some(list),
            other => return Err(other),
        }
        Ok(())
    }

    /// Whether they can hold at all.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let empty = self.purpose.as_ref().is_some_and(Vec::is_empty)
            || self.networks.as_ref().is_some_and(Vec::is_empty);
        if empty {
            return Err(contradiction("a list of a prohibition is empty"));
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(contradiction(format!(
                "the prohibition holds from {from} until {until}, which is never"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether all of them hold. What can't be told holds.
    pub(super) fn holds(&self, among: &Circumstances<'_>) -> Result<bool, Refusal> {
        Ok(self.at(among.now) && self.whatever_time(among)?)
    }

    /// The next instant after now at which they come to hold; none where they never do, or hold already.
    pub(super) fn begins(
        &self,
        among: &Circumstances<'_>,
    ) -> Result<Option<UtcTimestamp>, Refusal> {
        let now = among.now;
        if self.at(now) || !self.whatever_time(among)? {
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

    /// Whether they hold wherever those of the other do, as far as it can be told.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let narrower = other.terms();
        self.terms().iter().all(|wide| {
            narrower.iter().any(|narrow| {
                matches!(narrow.compare(wide), Some(Ordering::Less | Ordering::Equal))
            })
        })
    }

    fn at(&self, now: UtcTimestamp) -> bool {
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
            Some(list) => declared(list, among)?,
        };
        Ok(networks && purpose)
    }
}

/// Whether the declared purpose is one of the list, narrower or wider. None, and one that is not known, count as such.
fn declared(list: &[PurposeId], among: &Circumstances<'_>) -> Result<bool, Refusal> {
    if among.taxonomy.label != among.grant.purposes() {
        return Err(Refusal::new(
            ErrorCode::TermUnknown,
            format!(
                "the contract uses the purposes `{}`, this connector has `{}`",
                among.grant.purposes(),
                among.taxonomy.label
            ),
        )
        .with_help("amend the contract"));
    }
    let whole = among.taxonomy.with_own(among.grant.own_purposes())?;
    let Some(declared) = among.purpose.filter(|declared| whole.contains(declared)) else {
        return Ok(true);
    };
    Ok(list.iter().any(|one| {
        !whole.contains(one) || whole.covers(one, declared) || whole.covers(declared, one)
    }))
}
