//! The words of the vocabulary on the wire: for each term its place and operand, for each small enum its name.

use policy::term::{Bucket, Forbidden, Function, Period, Term};
use std::fmt;

/// The profile, and the second entry of the context.
pub const PROFILE: &str = "urn:hansa:odrl:1";

/// The assignee of a public view.
pub const PUBLIC: &str = "h:public";

/// The action of a policy that gives rows.
pub const QUERY: &str = "h:query";

/// The action of a policy that gives aggregates only.
pub const AGGREGATE: &str = "odrl:aggregate";

/// Where in the policy a clause stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Who, when, why, how much.
    Permission,
    /// Which part.
    Target,
    /// In what form.
    Action,
    /// What the consumer has to do.
    Duty,
    /// What the consumer may not do.
    Prohibition,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permission => "permission.constraint",
            Self::Target => "target.refinement",
            Self::Action => "action.refinement",
            Self::Duty => "permission.duty",
            Self::Prohibition => "prohibition",
        })
    }
}

/// The place of a term.
#[must_use]
pub const fn place(term: &Term) -> Place {
    match term {
        Term::Purpose(_)
        | Term::NotBefore(_)
        | Term::NotAfter(_)
        | Term::Queries(_)
        | Term::RowQuota(_)
        | Term::ByteQuota(_)
        | Term::ResultRows(_) => Place::Permission,
        Term::Rows(_) | Term::Columns(_) | Term::Area { .. } => Place::Target,
        Term::Mask { .. }
        | Term::TimeBucket { .. }
        | Term::Functions(_)
        | Term::Dimensions(_)
        | Term::Measures(_)
        | Term::Grid(_)
        | Term::MinGroup { .. }
        | Term::TotalsFromPublished => Place::Action,
        Term::DeleteAfter { .. } | Term::Attribution(_) => Place::Duty,
        Term::Prohibit(_) => Place::Prohibition,
    }
}

/// The places of the operands that this version knows.
pub const OPERANDS: [(&str, Place); 17] = [
    ("purpose", Place::Permission),
    ("dateTime", Place::Permission),
    ("count", Place::Permission),
    ("h:rows", Place::Permission),
    ("absoluteSize", Place::Permission),
    ("h:resultRows", Place::Permission),
    ("h:rowFilter", Place::Target),
    ("h:columns", Place::Target),
    ("spatial", Place::Target),
    ("h:mask", Place::Action),
    ("h:timeBucket", Place::Action),
    ("h:function", Place::Action),
    ("h:dimensions", Place::Action),
    ("h:measures", Place::Action),
    ("h:cube", Place::Action),
    ("h:minContributors", Place::Action),
    ("h:secondary", Place::Action),
];

/// Whether a term makes the policy one of aggregates only.
#[must_use]
pub const fn aggregates(term: &Term) -> bool {
    match term {
        Term::Functions(_)
        | Term::Dimensions(_)
        | Term::Measures(_)
        | Term::Grid(_)
        | Term::MinGroup { .. }
        | Term::TotalsFromPublished => true,
        Term::Purpose(_)
        | Term::NotBefore(_)
        | Term::NotAfter(_)
        | Term::Rows(_)
        | Term::Columns(_)
        | Term::Mask { .. }
        | Term::TimeBucket { .. }
        | Term::Area { .. }
        | Term::Queries(_)
        | Term::RowQuota(_)
        | Term::ByteQuota(_)
        | Term::ResultRows(_)
        | Term::DeleteAfter { .. }
        | Term::Attribution(_)
        | Term::Prohibit(_) => false,
    }
}

/// The aggregates.
pub const FUNCTIONS: [(&str, Function); 3] = [
    ("h:count", Function::Count),
    ("h:sum", Function::Sum),
    ("h:avg", Function::Avg),
];

/// The widths of time buckets.
pub const BUCKETS: [(&str, Bucket); 6] = [
    ("PT15M", Bucket::QuarterHour),
    ("PT1H", Bucket::Hour),
    ("P1D", Bucket::Day),
    ("P7D", Bucket::Week),
    ("P1M", Bucket::Month),
    ("P1Y", Bucket::Year),
];

/// The periods of quotas.
pub const PERIODS: [(&str, Period); 4] = [
    ("PT1H", Period::Hour),
    ("P1D", Period::Day),
    ("P7D", Period::Week),
    ("P30D", Period::ThirtyDays),
];

/// The actions of prohibitions.
pub const FORBIDDEN: [(&str, Forbidden); 3] = [
    ("distribute", Forbidden::Distribute),
    ("sell", Forbidden::Sell),
    ("derive", Forbidden::Derive),
];

/// The word for a value of one of the lists above; each of them holds every value.
#[must_use]
pub fn word<T: PartialEq>(list: &'static [(&'static str, T)], value: &T) -> &'static str {
    list.iter()
        .find(|(_, known)| known == value)
        .map_or("", |(word, _)| word)
}
