//! What an answer draws from what was paid beforehand.

use super::{Facts, Reads, check};
use crate::contract::{Grant, InForce};
use crate::id::{ClauseId, ContractId};
use crate::term::Term;
use crate::term::price::{Price, Priced};
use hansa_audit_log::json::Json;

/// A price that is paid beforehand, and that the answer draws on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fare {
    /// The contract.
    pub contract: ContractId,
    /// Its first version, for which what was paid and spent is kept.
    pub first: ContractId,
    /// The clause.
    pub clause: ClauseId,
    /// The price.
    pub price: Price,
    /// How many of what it is for are charged by letting the question in: a question, or months that have begun. Rows and
    /// bytes are charged when they are about to leave.
    pub count: u64,
}

impl Fare {
    /// A charge of so many, as records hold it.
    #[must_use]
    pub fn charge(&self, count: u64) -> Json {
        Json::object([
            ("contract", Json::text(self.first)),
            ("clause", Json::Int(i64::from(self.clause.0))),
            ("per", Json::text(self.price.per.as_str())),
            ("each", Json::text(self.price.each())),
            ("count", Json::count(count)),
        ])
    }

    /// How much of it so many rows and bytes are; none where it is for neither.
    #[must_use]
    pub const fn running(&self, rows: u64, bytes: u64) -> Option<u64> {
        match self.price.per {
            Priced::Row => Some(rows),
            Priced::Megabyte => Some(bytes),
            Priced::Query | Priced::Month => None,
        }
    }
}

/// The prices of what the question reads that are paid beforehand.
pub(super) fn fares(standing: &InForce, facts: &Facts<'_>, reads: &Reads) -> Vec<Fare> {
    let mut fares = Vec::new();
    for (_, grant) in check::read(standing, reads) {
        fares.extend(of(grant, check::around(grant, facts).purse.months_due));
    }
    fares
}

fn of(grant: &Grant, months_due: u64) -> Option<Fare> {
    let (contract, first) = (grant.contract()?, grant.first()?);
    grant
        .clauses()
        .iter()
        .find_map(|clause| match &clause.term {
            Term::Price(price) if price.prepaid.is_some() => Some(Fare {
                contract,
                first,
                clause: clause.id,
                price: price.clone(),
                count: match price.per {
                    Priced::Query => 1,
                    Priced::Month => months_due,
                    Priced::Row | Priced::Megabyte => 0,
                },
            }),
            _ => None,
        })
}
