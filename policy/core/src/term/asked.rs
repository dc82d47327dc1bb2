//! What is asked of a term, answered by the rule behind its variant.

use super::rule::{Rule, Spec};
use super::tongue::Tongue;
use super::{
    Quota, Term, aggregate, area, attest, columns, consent, delivery, duty, exclusive, group,
    inform, joins, legal_basis, mask, min_group, order, purpose, quota, receipts, region, rows,
    sector, streams, time_bucket, version, window,
};
use crate::attribute::AttributeKind;
use crate::id::{Name, PurposeId};
use crate::plain::signed_line;
use std::cmp::Ordering;

impl Term {
    /// The term as a person reads it: one line, lower case, no full stop, safe to show.
    #[must_use]
    pub fn plain(&self) -> String {
        self.say(Tongue::En)
    }

    /// The same in a language.
    #[must_use]
    pub fn say(&self, tongue: Tongue) -> String {
        signed_line(&self.with(|rule| rule.say(tongue)))
    }

    /// Its entry in the vocabulary.
    #[must_use]
    pub fn spec(&self) -> &'static Spec {
        self.with(|rule| rule.spec())
    }

    /// Whether the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub fn is_recorded_only(&self) -> bool {
        self.spec().is_recorded_only()
    }

    /// Whether the term makes the policy one of aggregates only.
    #[must_use]
    pub const fn aggregates(&self) -> bool {
        matches!(
            self,
            Self::Functions(_)
                | Self::Dimensions(_)
                | Self::Measures(_)
                | Self::Grid(_)
                | Self::Release(_)
                | Self::MinGroup { .. }
                | Self::Dominance(_)
                | Self::TotalsFromPublished
                | Self::SuppressComplement
                | Self::CellKey(_)
                | Self::Budget(_)
        )
    }

    /// The kind of attribute of the asker at which it looks; issuers state those.
    #[must_use]
    pub const fn looks_at(&self) -> Option<AttributeKind> {
        match self {
            Self::Sector(_) => Some(AttributeKind::Sector),
            Self::Region(_) => Some(AttributeKind::Region),
            _ => None,
        }
    }

    /// Whether letting a question in rests on a signed statement about the asker.
    #[must_use]
    pub const fn rests_on_a_statement(&self) -> bool {
        self.looks_at().is_some() || matches!(self, Self::Group(_))
    }

    /// The purposes that it names.
    #[must_use]
    pub fn purposes(&self) -> &[PurposeId] {
        match self {
            Self::Purpose(list) | Self::PurposeNot(list) => list,
            Self::Prohibition(one) => one.when.purpose.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// The columns that it names.
    #[must_use]
    pub fn columns(&self) -> Vec<Name> {
        self.with(|rule| rule.columns())
    }

    /// The column whose values it replaces, under the same name.
    #[must_use]
    pub fn treats(&self) -> Option<Name> {
        self.with(|rule| rule.treats().cloned())
    }

    /// The columns of the dataset that do not show their own values.
    #[must_use]
    pub fn replaces(&self) -> Vec<Name> {
        self.with(|rule| rule.replaces().into_iter().cloned().collect())
    }

    /// The column that it adds to those of the dataset.
    #[must_use]
    pub fn makes(&self) -> Option<Name> {
        self.with(|rule| rule.makes().cloned())
    }

    /// How it compares with another term about the same thing: less is tighter. None where neither lets out all that the
    /// other does.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.treats().is_some() {
            return order::values(self, other);
        }
        self.with(|rule| rule.compare(other))
    }

    /// The one list of what stands behind each variant: everything that is asked of a term is asked of its rule.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&dyn Rule) -> T) -> T {
        match self {
            Self::Group(name) => ask(&group::Member(name)),
            Self::Sector(list) => ask(&sector::In(list)),
            Self::Purpose(list) => ask(&purpose::clause::OneOf(list)),
            Self::PurposeNot(list) => ask(&purpose::clause::NoneOf(list)),
            Self::NotBefore(from) => ask(&window::From(*from)),
            Self::NotAfter(until) => ask(&window::Until(*until)),
            Self::Lasts(term) => ask(term),
            Self::Hours(term) => ask(term),
            Self::Rows(filter) => ask(&rows::Where(filter)),
            Self::Columns(list) => ask(&columns::Only(list)),
            Self::Pseudonym(term) => ask(term),
            Self::Mask { column, mask } => ask(&mask::Masked { column, mask }),
            Self::Prefix(term) => ask(term),
            Self::Band(term) => ask(term),
            Self::Lookup(term) => ask(term),
            Self::TimeBucket {
                column,
                bucket,
                zone,
            } => ask(&time_bucket::Floored {
                column,
                bucket: *bucket,
                zone: zone.as_deref(),
            }),
            Self::Area { lon, lat, bounds } => ask(&area::Inside { lon, lat, bounds }),
            Self::PublishedArea(term) => ask(term),
            Self::PlaceCells(term) => ask(term),
            Self::Functions(list) => ask(&aggregate::clause::With(list)),
            Self::Dimensions(list) => ask(&aggregate::clause::By(list)),
            Self::Measures(list) => ask(&aggregate::clause::Of(list)),
            Self::Grid(id) => ask(&aggregate::clause::Over(id)),
            Self::Release(term) => ask(term),
            Self::MinGroup { at_least, unit } => ask(&min_group::AtLeast {
                at_least: *at_least,
                unit,
            }),
            Self::Dominance(term) => ask(term),
            Self::TotalsFromPublished => ask(&aggregate::secondary::Totals),
            Self::SuppressComplement => ask(&aggregate::secondary::Complement),
            Self::CellKey(base) => ask(&aggregate::secondary::Rounded(*base)),
            Self::Budget(term) => ask(term),
            Self::JoinKeys(list) => ask(&joins::Keys(list)),
            Self::JoinWith(list) => ask(&joins::With(list)),
            Self::KeysStay => ask(&joins::Stay),
            Self::KeysTravel(term) => ask(term),
            Self::Queries(quota) => ask(&counts(&quota::QUERIES, *quota)),
            Self::RowQuota(quota) => ask(&counts(&quota::ROWS, *quota)),
            Self::ByteQuota(quota) => ask(&counts(&quota::BYTES, *quota)),
            Self::RowsPerSecond(rows) => ask(&streams::Rate(*rows)),
            Self::Concurrent(most) => ask(&streams::AtOnce(*most)),
            Self::ResultRows(rows) => ask(&quota::ResultRows(*rows)),
            Self::Embargo(term) => ask(term),
            Self::Networks(list) => ask(&delivery::To(list)),
            Self::Region(region) => ask(&region::Within(region)),
            Self::Formats(list) => ask(&delivery::In(list)),
            Self::DeleteAfter { days } => ask(&duty::Delete(*days)),
            Self::Attest { days } => ask(&attest::Within(*days)),
            Self::Attribution(text) => ask(&duty::Attribute(text)),
            Self::Prohibit(what) => ask(&duty::Not(*what)),
            Self::Prohibition(term) => ask(term.as_ref()),
            Self::Exclusive => ask(&exclusive::Exclusive),
            Self::Service(term) => ask(term),
            Self::Price(term) => ask(term),
            Self::Inform(list) => ask(&inform::Tell(list)),
            Self::Notify(term) => ask(term),
            Self::LegalBasis(basis) => ask(&legal_basis::Basis(*basis)),
            Self::ObtainConsent => ask(&consent::Consent),
            Self::Receipts(most) => ask(&receipts::Receipts(*most)),
            Self::Version(schemas) => ask(&version::For(*schemas)),
        }
    }
}

const fn counts(spec: &'static Spec, quota: Quota) -> quota::Counts {
    quota::Counts { spec, quota }
}
