//! What the log says of what is owed under a contract.

use crate::contract::usage::remaining_usage_text;
use hansa_node::contract::contract_usage;
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use serde::Serialize;

/// What is owed, as members of the object and as lines of the page.
#[derive(Debug, Default, Serialize)]
pub(super) struct ObligationLedger {
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid: Option<PrepaidReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements_owed: Option<OwedStatements>,
    #[serde(skip)]
    lines: Vec<String>,
}

/// Amount that was paid beforehand, and what of it is spent.
#[derive(Debug, Serialize)]
struct PrepaidReport {
    currency: String,
    paid: String,
    spent: String,
}

/// Statements of deletion that are owed, and when the first is due.
#[derive(Debug, Serialize)]
struct OwedStatements {
    count: u64,
    first_due: Option<String>,
}

impl ObligationLedger {
    /// By the clauses of the contract that the log keeps an account of.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(super) fn load(
        connector: &Connector,
        id: ContractId,
        agreement: &Agreement,
    ) -> Result<Self, Refusal> {
        let mut ledger = Self::default();
        let first = connector
            .contracts
            .with_registry(|registry| registry.first_version(id));
        let provider = agreement.provider.id == connector.id();
        for clause in &agreement.clauses {
            if let (Term::Attest { days }, true) = (&clause.term, provider) {
                ledger.add_due_statements(connector, first, *days)?;
            }
        }
        if provider
            && let Some(prepaid) =
                contract_usage::prepaid_usage(&connector.accounting, first, agreement)
        {
            ledger
                .lines
                .push(format!("prepaid   {}", remaining_usage_text(&prepaid)));
            ledger.prepaid = Some(PrepaidReport {
                currency: prepaid.currency.to_string(),
                paid: prepaid.paid.to_string(),
                spent: prepaid.spent.to_string(),
            });
        }
        Ok(ledger)
    }

    /// Statements of deletion that are owed to us.
    fn add_due_statements(
        &mut self,
        connector: &Connector,
        first: ContractId,
        days: u32,
    ) -> Result<(), Refusal> {
        let (count, oldest) = connector
            .records
            .index(|state| state.attestations_due_to_us(first))?;
        let due = oldest.map(|closed| {
            let micros = 86_400_000_000_i64.saturating_mul(i64::from(days));
            closed.plus_micros(micros).to_string()
        });
        let until = due
            .as_ref()
            .map_or_else(String::new, |due| format!(", the first by {due}"));
        self.lines
            .push(format!("owed      {count} statements of deletion{until}"));
        self.statements_owed = Some(OwedStatements {
            count,
            first_due: due,
        });
        Ok(())
    }

    /// The lines below the page.
    pub(super) fn to_text(&self) -> String {
        let lines = self.lines.iter().map(|line| format!("\n  {line}"));
        lines.collect()
    }
}
