//! Term 47: how many receipts may wait for the consumer's signature.

use super::Term;
use super::odrl::{integer, says};
use super::rule::{Admission, Check, Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 47: how many receipts may wait for the consumer's signature.
pub(super) struct Receipts(pub(super) u32);

pub(super) static RECEIPTS: Spec = Spec {
    numbers: &[47],
    name: "receipts",
    place: Place::Permission,
    operand: "h:outstanding",
    operators: &["lteq"],
    executed: &[Stage::Admission, Stage::Ledger],
    codes: &[Code::ReceiptOverdue],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "countersign the receipts that are open; a connector does so when it greets its peer",
    test: "open_receipts_stop_new_questions",
    read: read_receipts,
};

impl Rule for Receipts {
    fn spec(&self) -> &'static Spec {
        &RECEIPTS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:outstanding", "lteq", integer(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let most = self.0;
        tongue.pick(
            format!("receipts are countersigned, at most {most} are open"),
            format!("Quittungen werden gegengezeichnet, höchstens {most} sind offen"),
            format!("os recibos são contra-assinados, no máximo {most} em aberto"),
        )
    }

    fn normal(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("receipts"))
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Count)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        if to.around.outstanding <= u64::from(self.0) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::ReceiptOverdue,
            format!("{} receipts wait for your signature", to.around.outstanding),
        )
        .with_help("countersign them: greet the provider once with `hansa peer show`"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Receipts(other) => Some(self.0.cmp(other)),
            _ => None,
        }
    }
}

fn read_receipts(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.number("rightOperand").map(Term::Receipts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::admitting;
    use crate::term::around::Around;

    #[test]
    fn open_receipts_stop_new_questions() {
        let check = |outstanding| {
            let around = Around {
                outstanding,
                ..Around::QUIET
            };
            admitting("2026-06-01T00:00:00Z", |admission| {
                Receipts(2).admit(&Admission {
                    around: &around,
                    ..*admission
                })
            })
        };
        assert!(check(2).is_ok());
        assert_eq!(check(3).unwrap_err().code, Code::ReceiptOverdue);
    }
}
