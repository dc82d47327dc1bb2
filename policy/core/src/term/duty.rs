//! Terms 35 to 37 in their recorded forms: shown, not technically enforced.

use super::odrl::write_deadline;
use super::rule::{
    DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 35: deletion after this number of days.
pub(super) struct DeletionTerm(pub(super) u32);

pub(super) static DELETE: TermSpec = TermSpec {
    numbers: &[35],
    name: "delete_after_days",
    position: OdrlPosition::Duty,
    operand: "delete",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "delete what was received in time; nothing stops you technically",
    test: "every_term_has_a_sentence_of_its_own",
};

impl TermRule for DeletionTerm {
    fn spec(&self) -> &'static TermSpec {
        &DELETE
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        write_deadline(self.0, script)
    }

    fn to_canonical_json(&self) -> Json {
        Json::Int(i64::from(self.0))
    }
}

/// Term 36: attribution.
pub(super) struct AttributionTerm<'a>(pub(super) &'a str);

pub(super) static ATTRIBUTE: TermSpec = TermSpec {
    numbers: &[36],
    name: "attribution",
    position: OdrlPosition::Duty,
    operand: "attribute",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "name the source with this text; it travels with every answer",
    test: "every_term_has_a_sentence_of_its_own",
};

impl TermRule for AttributionTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &ATTRIBUTE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("h:when", Json::from_display("h:always")),
            ("h:text", Json::from_display(self.0)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }
}

/// Reads the ODRL form of an attribution.
pub(super) fn read_attribute(form: &mut OdrlReader<'_>) -> Result<String, Refusal> {
    form.check_duty_moment("h:always")?;
    form.read_text("h:text")
}

/// Use that the consumer promises to refrain from; not technically enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForbiddenUse {
    /// Passing on the data.
    Distribute,
    /// Selling the data.
    Sell,
    /// Making derived works.
    Derive,
}

/// Term 37: forbidden use of the data.
pub(super) struct RecordedProhibitionTerm(pub(super) ForbiddenUse);

pub(super) static DISTRIBUTE: TermSpec = forbidden_action_spec("distribute");
pub(super) static SELL: TermSpec = forbidden_action_spec("sell");
pub(super) static DERIVE: TermSpec = forbidden_action_spec("derive");

const fn forbidden_action_spec(operand: &'static str) -> TermSpec {
    TermSpec {
        numbers: &[37],
        name: "prohibit",
        position: OdrlPosition::Prohibition,
        operand,
        operators: &[],
        executed: &[EnforcementPoint::Recorded],
        codes: &[ErrorCode::OnwardNotPermitted],
        nature: DemandKind::Use,
        hides_rows: false,
        remedy: "a third party needs its own contract; a connector never answers for others",
        test: "every_term_has_a_sentence_of_its_own",
    }
}

impl TermRule for RecordedProhibitionTerm {
    fn spec(&self) -> &'static TermSpec {
        match self.0 {
            ForbiddenUse::Distribute => &DISTRIBUTE,
            ForbiddenUse::Sell => &SELL,
            ForbiddenUse::Derive => &DERIVE,
        }
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([])
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0.as_str())
    }

    fn subject(&self) -> String {
        self.0.as_str().to_owned()
    }
}

impl ForbiddenUse {
    /// Word of the forbidden use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Distribute => "distribute",
            Self::Sell => "sell",
            Self::Derive => "derive",
        }
    }
}
