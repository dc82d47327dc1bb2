//! Why nothing can be recorded.

use evidence::ledger::Unwritable;
use evidence::shelf::ShelfBroken;
use policy::refusal::{Code, Refusal};

/// Whether the disk of a log has less room than is kept for closing what is open.
#[must_use]
pub fn low_space(folder: &std::path::Path, reserve: u64) -> Option<Unwritable> {
    match fs4::available_space(folder) {
        Ok(free) if free < reserve => Some(Unwritable::LowSpace { free, reserve }),
        Ok(_) => None,
        Err(error) => Some(Unwritable::Broken(ShelfBroken {
            reason: error.to_string(),
            full: false,
        })),
    }
}

/// What an operator is told when nothing can be recorded.
#[must_use]
pub fn refusal(unwritable: &Unwritable) -> Refusal {
    let code = match unwritable {
        Unwritable::Broken(broken) if broken.full => Code::DiskFull,
        Unwritable::LowSpace { .. } => Code::DiskFull,
        Unwritable::Broken(_) | Unwritable::Closed => Code::EvidenceUnavailable,
        Unwritable::TooLarge { .. } | Unwritable::Unsound { .. } => Code::Internal,
    };
    Refusal::new(code, unwritable.to_string())
}
