//! Term 14: an instant or a date is floored to its bucket.

use super::language::Language;
use super::odrl::{duration, says, with, word};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Term, TimeBucketWidth};
use hansa_audit_log::json::Json;

/// The term.
pub(super) struct TimeBucketTerm<'a> {
    pub(super) column: &'a SqlIdentifier,
    pub(super) bucket: TimeBucketWidth,
    pub(super) zone: Option<&'a str>,
}

pub(super) static FLOORED: TermSpec = TermSpec {
    numbers: &[14],
    name: "time_bucket",
    position: OdrlPosition::Action,
    operand: "h:timeBucket",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::FilterNotOnGrid],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "instants are those of the buckets; of a cube, a filter lies on their edges",
    test: "what_is_learned_is_a_function_of_the_view",
    read,
};

impl TermRule for TimeBucketTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &FLOORED
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let width = duration(word(&WIDTHS, &self.bucket));
        let json = with(
            says("h:timeBucket", "eq", width),
            [("h:column", Json::text(self.column))],
        );
        match self.zone {
            Some(zone) => with(json, [("h:zone", Json::text(zone))]),
            None => json,
        }
    }

    fn render(&self, tongue: Language) -> String {
        let column = self.column;
        let zone = self.zone.unwrap_or("UTC");
        let to = self.bucket.said(tongue);
        tongue.pick(
            format!("{column} is rounded down to the {to} ({zone})"),
            format!("{column} ist auf {to} abgerundet ({zone})"),
            format!("{column} é arredondado para baixo {to} ({zone})"),
        )
    }

    fn canonical(&self) -> Json {
        Json::object([
            ("column", Json::text(self.column)),
            ("bucket", Json::text(self.bucket.as_str())),
            ("zone", Json::text(self.zone.unwrap_or("UTC"))),
        ])
    }

    fn column(&self) -> Option<&SqlIdentifier> {
        Some(self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        check_zone(self.zone)?;
        Ok(Some(EffectKind::CoarsenTime {
            column: self.column.clone(),
            bucket: self.bucket,
            zone: self.zone.map(str::to_owned),
        }))
    }
}

/// The widths, as durations (XML Schema).
pub const WIDTHS: [(&str, TimeBucketWidth); 6] = [
    ("PT15M", TimeBucketWidth::QuarterHour),
    ("PT1H", TimeBucketWidth::Hour),
    ("P1D", TimeBucketWidth::Day),
    ("P7D", TimeBucketWidth::Week),
    ("P1M", TimeBucketWidth::Month),
    ("P1Y", TimeBucketWidth::Year),
];

fn read(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    let width = form.typed("rightOperand", "xsd:duration")?;
    let zone = form.members.text_if_there("h:zone")?;
    if let Some(zone) = zone
        .as_ref()
        .filter(|zone| !hansa_audit_log::time::is_zone(zone))
    {
        return Err(form.wrong(format!("there is no time zone `{zone}`")));
    }
    Ok(Term::TimeBucket {
        bucket: form.one_of(&WIDTHS, &width, "time bucket")?,
        column: form.column("h:column")?,
        zone,
    })
}

/// A zone is written with its exact IANA name.
pub(super) fn check_zone(zone: Option<&str>) -> Result<(), Refusal> {
    let Some(zone) = zone else {
        return Ok(());
    };
    if hansa_audit_log::time::is_zone(zone) {
        Ok(())
    } else {
        Err(
            Refusal::new(ErrorCode::TermIllTyped, format!("`{zone}` is no time zone"))
                .with_help("write an IANA name such as Europe/Berlin"),
        )
    }
}

impl TimeBucketWidth {
    /// Every bucket, the finest first.
    pub const ALL: [Self; 6] = [
        Self::QuarterHour,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// The bucket in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QuarterHour => "quarter hour",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    fn said(self, tongue: Language) -> &'static str {
        let (de, pt) = match self {
            Self::QuarterHour => ("die Viertelstunde", "ao quarto de hora"),
            Self::Hour => ("die Stunde", "à hora"),
            Self::Day => ("den Tag", "ao dia"),
            Self::Week => ("die Woche", "à semana"),
            Self::Month => ("den Monat", "ao mês"),
            Self::Year => ("das Jahr", "ao ano"),
        };
        tongue.pick(self.as_str(), de, pt)
    }

    /// Whether every bucket of this width is a union of whole buckets of `finer`, both in the same zone.
    ///
    /// Weeks and months cut each other. Quarter hours make whole hours and days since every zone's offset in use is a
    /// multiple of a quarter hour; hours make whole days only where offsets are whole hours, which is why a day is
    /// counted in the zone in which the grid is registered.
    #[must_use]
    pub const fn is_made_of(self, finer: Self) -> bool {
        match self {
            Self::QuarterHour => matches!(finer, Self::QuarterHour),
            Self::Hour => matches!(finer, Self::QuarterHour | Self::Hour),
            Self::Day => matches!(finer, Self::QuarterHour | Self::Hour | Self::Day),
            Self::Week => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Week
            ),
            Self::Month => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Month
            ),
            Self::Year => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Month | Self::Year
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coarse: TimeBucketWidth, finer: &[TimeBucketWidth]) {
        let got: Vec<TimeBucketWidth> = TimeBucketWidth::ALL
            .into_iter()
            .filter(|fine| coarse.is_made_of(*fine))
            .collect();
        assert_eq!(got, finer, "{coarse:?}");
    }

    #[test]
    fn zones_have_their_exact_names() {
        for good in ["Europe/Berlin", "UTC", "America/Toronto"] {
            assert!(check_zone(Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "europe/berlin", "CEST", "Europe/Münster", "+01:00", "'"] {
            assert!(check_zone(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn buckets_nest() {
        use TimeBucketWidth::{Day, Hour, Month, QuarterHour, Week, Year};
        check(QuarterHour, &[QuarterHour]);
        check(Hour, &[QuarterHour, Hour]);
        check(Day, &[QuarterHour, Hour, Day]);
        check(Week, &[QuarterHour, Hour, Day, Week]);
        check(Month, &[QuarterHour, Hour, Day, Month]);
        check(Year, &[QuarterHour, Hour, Day, Month, Year]);
    }
}
