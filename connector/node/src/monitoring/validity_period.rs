//! Expiry dates of certificates, the trust bundle, contracts and credentials, each with the command that renews the object.

use crate::league::credentials::stored_credentials;
use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_proto::render::contract_status::ContractStatusLines;

const DAY: i64 = 86_400_000_000;

/// Kind of object with an expiry date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValidityKind {
    /// TLS certificate of this participant.
    TlsCertificate,
    /// Trust bundle of the league.
    TrustBundle,
    /// Contract in force.
    Contract,
    /// Stored credential.
    Credential,
    /// Access token of an own user.
    AccessToken,
}

impl ValidityKind {
    /// Name of the kind in metrics and JSON objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsCertificate => "tls_certificate",
            Self::TrustBundle => "trust_bundle",
            Self::Contract => "contract",
            Self::Credential => "credential",
            Self::AccessToken => "access_token",
        }
    }

    /// Command that renews the object.
    pub const fn renewal_command(self) -> &'static str {
        match self {
            Self::TlsCertificate => {
                "the league admits the request again; then hansa join with what it sends back"
            }
            Self::TrustBundle => "fetch the league's newest: hansa league export writes it there",
            Self::Contract => "hansa contract request asks for the next one",
            Self::Credential => "ask its issuer; then hansa credential add",
            Self::AccessToken => "hansa token create makes the next one",
        }
    }
}

/// Validity of one object.
#[derive(Debug, Clone)]
pub struct ValidityPeriod {
    /// Kind of object.
    pub kind: ValidityKind,
    /// Name of the object, if there are several of its kind.
    pub name: String,
    /// First instant of the validity.
    pub begins: UtcTimestamp,
    /// First instant after the validity.
    pub ends: UtcTimestamp,
    /// End of the validity, as text for people.
    pub until: String,
}

impl ValidityPeriod {
    /// Checks that renewal is due: 30 days before the end, or in the last third of a validity under 90 days.
    pub fn is_due(&self, now: UtcTimestamp) -> bool {
        is_renewal_due(self.begins, self.ends, now)
    }
}

/// Validity periods, as many of contracts as were wanted.
#[derive(Debug, Clone)]
pub struct ValidityPeriods {
    /// Periods, the next end first.
    pub next: Vec<ValidityPeriod>,
    /// Contracts in force.
    pub contracts: usize,
    /// Contracts that end later than those of `next`.
    pub later_contracts: usize,
    /// Those of them whose renewal is due.
    pub later_contracts_due: usize,
}

/// Validity of a contract, before it is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ContractValidity {
    ends: UtcTimestamp,
    id: ContractId,
    begins: UtcTimestamp,
}

/// Returns the validity periods, those of the `most` contracts that end next among them.
///
/// # Errors
/// If the documents can't be read.
pub fn validity_periods(connector: &Connector, most: usize) -> Result<ValidityPeriods, Refusal> {
    let now = connector.now();
    let bundle = connector.identity.trust.bundle();
    let bundle = bundle.content();
    let mut next = vec![ValidityPeriod {
        kind: ValidityKind::TrustBundle,
        name: format!("number {}", bundle.sequence),
        begins: bundle.issued_at,
        ends: bundle.expires_at,
        until: bundle.expires_at.to_string(),
    }];
    if let Ok(leaf) = connector.own_certificate() {
        next.push(ValidityPeriod {
            kind: ValidityKind::TlsCertificate,
            name: connector.id().domain().to_owned(),
            begins: leaf.not_before,
            ends: leaf.not_after,
            until: leaf.not_after.to_string(),
        });
    }
    for (credential, _) in stored_credentials(&connector.records)? {
        if now < credential.until {
            next.push(ValidityPeriod {
                kind: ValidityKind::Credential,
                name: format!("of {}", credential.issuer.domain()),
                begins: credential.issued_at,
                ends: credential.until,
                until: credential.until.to_string(),
            });
        }
    }
    for grant in connector.access_tokens.all_tokens() {
        if !grant.is_revoked && now < grant.until {
            next.push(ValidityPeriod {
                kind: ValidityKind::AccessToken,
                name: grant.id.clone(),
                begins: grant.from,
                ends: grant.until,
                until: grant.until.to_string(),
            });
        }
    }
    let mut periods = ValidityPeriods {
        next,
        contracts: 0,
        later_contracts: 0,
        later_contracts_due: 0,
    };
    add_contracts(connector, most, &mut periods);
    periods.next.sort_by(|one, other| {
        one.ends
            .cmp(&other.ends)
            .then_with(|| one.name.cmp(&other.name))
    });
    Ok(periods)
}

/// Adds the `most` contracts that end next. The others are only counted: a participant may have a hundred thousand.
fn add_contracts(connector: &Connector, most: usize, periods: &mut ValidityPeriods) {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        let in_force = registry
            .all_contracts(now)
            .filter(|(_, _, status)| *status == ContractStatus::InForce);
        let mut next: Vec<ContractValidity> = in_force
            .map(|(id, agreement, _)| ContractValidity {
                ends: registry.over_from(id).unwrap_or(agreement.not_after),
                id,
                begins: agreement.not_before,
            })
            .collect();
        periods.contracts = next.len();
        if most < next.len() {
            next.select_nth_unstable(most);
            let later = next.split_off(most);
            periods.later_contracts = later.len();
            let due = later
                .iter()
                .filter(|contract| is_renewal_due(contract.begins, contract.ends, now));
            periods.later_contracts_due = due.count();
        }
        for ContractValidity { ends, id, begins } in next {
            let Some(agreement) = registry.agreement(id) else {
                continue;
            };
            periods.next.push(ValidityPeriod {
                kind: ValidityKind::Contract,
                name: id.to_short_text().to_string(),
                begins,
                ends,
                until: ContractStatusLines::new(Language::En, agreement).end_text(ends),
            });
        }
    });
}

/// Checks that renewal is due: 30 days before the end, or in the last third of a validity under 90 days.
fn is_renewal_due(begins: UtcTimestamp, ends: UtcTimestamp, now: UtcTimestamp) -> bool {
    let whole = ends.micros().saturating_sub(begins.micros());
    let ahead = (whole / 3).min(DAY.saturating_mul(30));
    ends <= now.plus_micros(ahead)
}

#[cfg(test)]
mod tests {
    use crate::monitoring::validity_period::{DAY, ValidityKind, ValidityPeriod};
    use hansa_audit_log::time::UtcTimestamp;

    #[test]
    fn what_lasts_long_is_due_a_month_before_and_what_is_short_in_its_last_third() {
        let begins: UtcTimestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (days, ahead) in [(7, 2), (30, 10), (90, 30), (730, 30)] {
            let period = ValidityPeriod {
                kind: ValidityKind::TlsCertificate,
                name: String::new(),
                begins,
                ends: begins.plus_micros(DAY * days),
                until: String::new(),
            };
            let before = |left: i64| begins.plus_micros(DAY * (days - left));
            assert!(period.is_due(before(ahead)), "{days}");
            assert!(!period.is_due(before(ahead + 1)), "{days}");
        }
    }
}
