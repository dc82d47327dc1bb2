//! What an answer draws from what was paid beforehand.

use crate::contract::DatasetGrant;
use crate::id::{ClauseId, ContractId};
use crate::term::Term;
use crate::term::price::{PriceTerm, PriceUnit};
use hansa_audit_log::record::answers::PrepaidDraft;

/// A price that is paid beforehand, and that the answer draws on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepaidCharge {
    /// The contract.
    pub contract: ContractId,
    /// Its first version, for which what was paid and spent is kept.
    pub first: ContractId,
    /// The clause.
    pub clause: ClauseId,
    /// The price.
    pub price: PriceTerm,
    /// How many of what it is for are charged by letting the question in: a question, or months that have begun. Rows and
    /// bytes are charged when they are about to leave.
    pub count: u64,
}

impl PrepaidCharge {
    /// A charge of so many, as records hold it.
    #[must_use]
    pub fn charge(&self, count: u64) -> PrepaidDraft {
        PrepaidDraft {
            contract: self.first.to_string(),
            clause: self.clause.0,
            per: self.price.per.as_str().to_owned(),
            each: self.price.each().to_string(),
            count,
        }
    }

    /// How much of it so many rows and bytes are; none where it is for neither.
    #[must_use]
    pub const fn running(&self, rows: u64, bytes: u64) -> Option<u64> {
        match self.price.per {
            PriceUnit::Row => Some(rows),
            PriceUnit::Megabyte => Some(bytes),
            PriceUnit::Query | PriceUnit::Month => None,
        }
    }
}

/// The price of what the question reads under a grant, where it is paid beforehand.
pub(super) fn of_grant(grant: &DatasetGrant, months_due: u64) -> Option<PrepaidCharge> {
    let (contract, first) = (grant.contract()?, grant.first()?);
    grant
        .clauses()
        .iter()
        .find_map(|clause| match &clause.term {
            Term::Price(price) if price.prepaid.is_some() => Some(PrepaidCharge {
                contract,
                first,
                clause: clause.id,
                price: price.clone(),
                count: match price.per {
                    PriceUnit::Query => 1,
                    PriceUnit::Month => months_due,
                    PriceUnit::Row | PriceUnit::Megabyte => 0,
                },
            }),
            _ => None,
        })
}
