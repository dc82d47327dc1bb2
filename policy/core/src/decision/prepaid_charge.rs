//! Prepaid amounts that an answer uses.

use crate::contract::DatasetGrant;
use crate::id::{ClauseId, ContractId};
use crate::term::Term;
use crate::term::price::{PriceTerm, PriceUnit};
use hansa_audit_log::record::answers::PrepaidDraft;

/// Prepaid price that the answer draws on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepaidCharge {
    /// Contract of the price.
    pub contract: ContractId,
    /// First version of the contract. The account of paid and spent amounts belongs to it.
    pub first: ContractId,
    /// Clause of the price.
    pub clause: ClauseId,
    /// Price with its unit.
    pub price: PriceTerm,
    /// Number of units that admission of the question charges: one question, or the months that have begun. Rows and bytes are
    /// charged before they are sent.
    pub count: u64,
}

impl PrepaidCharge {
    /// Charge of this number of units, as records hold it.
    #[must_use]
    pub fn draft_charge(&self, count: u64) -> PrepaidDraft {
        PrepaidDraft {
            contract: self.first.to_string(),
            clause: self.clause.0,
            per: self.price.per.as_str().to_owned(),
            each: self.price.unit_price().to_string(),
            count,
        }
    }

    /// Number of units for these rows and bytes; none where the price is for neither.
    #[must_use]
    pub const fn count_units(&self, rows: u64, bytes: u64) -> Option<u64> {
        match self.price.per {
            PriceUnit::Row => Some(rows),
            PriceUnit::Megabyte => Some(bytes),
            PriceUnit::Query | PriceUnit::Month => None,
        }
    }
}

/// Prepaid price of a grant; none where the grant has none.
pub(super) fn of_grant(grant: &DatasetGrant, months_due: u64) -> Option<PrepaidCharge> {
    let (contract, first) = (grant.contract()?, grant.first_version()?);
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
