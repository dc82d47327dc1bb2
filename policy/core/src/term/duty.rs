//! Terms 35 to 37 in their recorded forms: shown, not technically enforced.

use super::odrl::{action, duration, duty, says, with};
use super::rule::{Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Forbidden, Term};
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 35: deletion.
pub(super) struct Delete(pub(super) u32);

pub(super) static DELETE: Spec = Spec {
    numbers: &[35],
    name: "delete_after_days",
    place: Place::Duty,
    operand: "delete",
    operators: &[],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Use,
    hides_rows: false,
    mend: "delete what was received in time; nothing stops you technically",
    test: "every_term_has_a_sentence_of_its_own",
    read: read_delete,
};

impl Rule for Delete {
    fn spec(&self) -> &'static Spec {
        &DELETE
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        let period = duration(format!("P{}D", self.0));
        let within = super::odrl::numbered(says("delayPeriod", "lteq", period), script.spare());
        with(
            duty("delete", "h:within"),
            [("constraint", Json::List(vec![within]))],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        match self.0 {
            1 => tongue.pick(
                "what was received is deleted after one day".to_owned(),
                "was empfangen wurde, wird nach einem Tag gelöscht".to_owned(),
                "o que foi recebido é apagado após um dia".to_owned(),
            ),
            days => tongue.pick(
                format!("what was received is deleted after {days} days"),
                format!("was empfangen wurde, wird nach {days} Tagen gelöscht"),
                format!("o que foi recebido é apagado após {days} dias"),
            ),
        }
    }

    fn normal(&self) -> Json {
        Json::Int(i64::from(self.0))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::DeleteAfter { days } => Some(self.0.cmp(days)),
            _ => None,
        }
    }
}

fn read_delete(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.when("h:within")?;
    let period = form.inner("delayPeriod", "lteq", "xsd:duration")?;
    let days = days(&period)
        .ok_or_else(|| form.wrong(format!("`{period}` is no number of days such as P30D")))?;
    Ok(Term::DeleteAfter { days })
}

/// `P30D`.
pub(super) fn days(period: &str) -> Option<u32> {
    period
        .strip_prefix('P')
        .and_then(|rest| rest.strip_suffix('D'))
        .and_then(|digits| digits.parse().ok())
}

/// Term 36: attribution.
pub(super) struct Attribute<'a>(pub(super) &'a str);

pub(super) static ATTRIBUTE: Spec = Spec {
    numbers: &[36],
    name: "attribution",
    place: Place::Duty,
    operand: "attribute",
    operators: &[],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "name the source with this text; it travels with every answer",
    test: "every_term_has_a_sentence_of_its_own",
    read: read_attribute,
};

impl Rule for Attribute<'_> {
    fn spec(&self) -> &'static Spec {
        &ATTRIBUTE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            duty("attribute", "h:always"),
            [("h:text", Json::text(self.0))],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let text = self.0;
        tongue.pick(
            format!("the source is named as \"{text}\""),
            format!("die Quelle wird genannt als \"{text}\""),
            format!("a fonte é indicada como \"{text}\""),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Attribution(other) if other == self.0 => Some(Ordering::Equal),
            _ => None,
        }
    }
}

fn read_attribute(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.when("h:always")?;
    Ok(Term::Attribution(form.text("h:text")?))
}

/// Term 37: what is not done with the data.
pub(super) struct Not(pub(super) Forbidden);

pub(super) static DISTRIBUTE: Spec =
    forbidden("distribute", |_| Ok(Term::Prohibit(Forbidden::Distribute)));
pub(super) static SELL: Spec = forbidden("sell", |_| Ok(Term::Prohibit(Forbidden::Sell)));
pub(super) static DERIVE: Spec = forbidden("derive", |_| Ok(Term::Prohibit(Forbidden::Derive)));

const fn forbidden(
    operand: &'static str,
    read: fn(&mut Form<'_>) -> Result<Term, Refusal>,
) -> Spec {
    Spec {
        numbers: &[37],
        name: "prohibit",
        place: Place::Prohibition,
        operand,
        operators: &[],
        executed: &[Stage::Recorded],
        codes: &[Code::OnwardNotPermitted],
        nature: Nature::Use,
        hides_rows: false,
        mend: "a third party needs its own contract; a connector never answers for others",
        test: "every_term_has_a_sentence_of_its_own",
        read,
    }
}

impl Rule for Not {
    fn spec(&self) -> &'static Spec {
        match self.0 {
            Forbidden::Distribute => &DISTRIBUTE,
            Forbidden::Sell => &SELL,
            Forbidden::Derive => &DERIVE,
        }
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        action(self.0.as_str())
    }

    fn say(&self, tongue: Tongue) -> String {
        match self.0 {
            Forbidden::Distribute => tongue.pick(
                "it is not passed on",
                "nichts wird weitergegeben",
                "nada é transmitido a terceiros",
            ),
            Forbidden::Sell => {
                tongue.pick("it is not sold", "nichts wird verkauft", "nada é vendido")
            }
            Forbidden::Derive => tongue.pick(
                "no other works are derived from it",
                "keine anderen Werke werden daraus abgeleitet",
                "nenhuma outra obra é derivada dos dados",
            ),
        }
        .to_owned()
    }

    fn normal(&self) -> Json {
        Json::text(self.0.as_str())
    }

    fn about(&self) -> String {
        self.0.as_str().to_owned()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Prohibit(other) if *other == self.0 => Some(Ordering::Equal),
            _ => None,
        }
    }
}

impl Forbidden {
    /// What is forbidden, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Distribute => "distribute",
            Self::Sell => "sell",
            Self::Derive => "derive",
        }
    }
}
