//! Term 14: an instant or a date is rounded down to the start of its bucket.

use super::odrl::{duration_literal, find_word, with_members};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use crate::value::time::{TimeBucketWidth, WIDTHS};
use hansa_audit_log::json::Json;

/// Time bucket as a term.
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
};

impl TermRule for TimeBucketTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &FLOORED
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let width = duration_literal(find_word(&WIDTHS, &self.bucket));
        let json = Json::object([
            ("rightOperand", width),
            ("h:column", Json::from_display(self.column)),
        ]);
        match self.zone {
            Some(zone) => with_members(json, [("h:zone", Json::from_display(zone))]),
            None => json,
        }
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(self.column)),
            ("bucket", Json::from_display(self.bucket.as_str())),
            ("zone", Json::from_display(self.zone.unwrap_or("UTC"))),
        ])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
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

/// Reads column, width and zone.
pub(super) fn read_time_bucket(
    form: &mut OdrlReader<'_>,
) -> Result<(SqlIdentifier, TimeBucketWidth, Option<String>), Refusal> {
    let width = form.read_typed_literal("rightOperand", "xsd:duration")?;
    let zone = form.members.text_if_there("h:zone")?;
    if let Some(zone) = zone
        .as_ref()
        .filter(|zone| !hansa_audit_log::time::is_zone(zone))
    {
        return Err(form.malformed_refusal(format!("there is no time zone `{zone}`")));
    }
    let bucket = form.one_of(&WIDTHS, &width, "time bucket")?;
    Ok((form.read_column("h:column")?, bucket, zone))
}

/// Checks that a zone is an exact IANA name.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_their_exact_names() {
        for good in ["Europe/Berlin", "UTC", "America/Toronto"] {
            assert!(check_zone(Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "europe/berlin", "CEST", "Europe/Münster", "+01:00", "'"] {
            assert!(check_zone(Some(bad)).is_err(), "{bad}");
        }
    }
}
