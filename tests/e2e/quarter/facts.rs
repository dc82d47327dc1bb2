//! What the play did, as those who asked saw it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Under one contract: who asked whom, answers, rows.
#[derive(Debug, Clone, Default)]
struct ContractUsage {
    asker: &'static str,
    provider: &'static str,
    answers: u64,
    rows: u64,
}

/// Counted at the askers.
#[derive(Debug, Default)]
pub(crate) struct ObservedUsage {
    seen: Mutex<BTreeMap<String, ContractUsage>>,
    refused: Mutex<BTreeMap<(&'static str, String), u64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ObservedUsage {
    /// An answer of so many rows.
    pub(crate) fn answer(
        &self,
        asker: &'static str,
        provider: &'static str,
        contract: &str,
        rows: u64,
    ) {
        let mut seen = locked(&self.seen);
        let one = seen.entry(contract.to_owned()).or_default();
        *one = ContractUsage {
            asker,
            provider,
            answers: one.answers + 1,
            rows: one.rows + rows,
        };
    }

    /// A refusal.
    pub(crate) fn refusal(&self, provider: &'static str, code: &str) {
        let mut refused = locked(&self.refused);
        *refused.entry((provider, code.to_owned())).or_default() += 1;
    }

    /// Answers and rows under a contract.
    pub(crate) fn seen(&self, contract: &str) -> (u64, u64) {
        let seen = locked(&self.seen);
        let one = &seen[contract];
        (one.answers, one.rows)
    }

    /// Answers and rows between two.
    pub(crate) fn between(&self, provider: &str, asker: &str) -> (u64, u64) {
        let seen = locked(&self.seen);
        let of = seen.values();
        let of = of.filter(|one| one.provider == provider && one.asker == asker);
        of.fold((0, 0), |sum, one| (sum.0 + one.answers, sum.1 + one.rows))
    }

    /// Contract, asker and provider.
    pub(crate) fn contracts(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let seen = locked(&self.seen);
        seen.iter()
            .map(|(contract, one)| (&*contract.clone().leak(), one.asker, one.provider))
            .collect()
    }

    /// Refusals of a provider with a code.
    pub(crate) fn refused(&self, provider: &'static str, code: &str) -> u64 {
        let key = (provider, code.to_owned());
        locked(&self.refused).get(&key).copied().unwrap_or_default()
    }
}

impl fmt::Display for ObservedUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (contract, one) in locked(&self.seen).iter() {
            writeln!(
                f,
                "{} to {} under {}: {} answers, {} rows",
                one.provider,
                one.asker,
                contract.get(..12).unwrap_or(contract),
                one.answers,
                one.rows
            )?;
        }
        for ((provider, code), count) in locked(&self.refused).iter() {
            writeln!(f, "{provider} refused {count} times: {code}")?;
        }
        Ok(())
    }
}
