//! Term 15 over a published area: only rows whose point lies in it exist.
//!
//! The contract names the list with the outline by the digest of its file. A point on the outline belongs to the area.

use super::odrl::{text_list, typed_literal};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::value::area::{AreaSelectorError, PublishedAreaTerm};
use hansa_audit_log::json::Json;

pub(super) static WITHIN: TermSpec = TermSpec {
    numbers: &[15],
    name: "published_area",
    position: OdrlPosition::Target,
    operand: "spatial",
    operators: &["isPartOf"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::TermNotExecutableHere],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "rows whose point lies outside do not exist; a provider that does not hold the list signs and answers nothing",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for PublishedAreaTerm {
    fn spec(&self) -> &'static TermSpec {
        &WITHIN
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", typed_literal("h:area", self.list)),
            ("h:column", text_list(&[&self.lon, &self.lat])),
            ("h:which", Json::from_display(&self.which)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("lon", Json::from_display(&self.lon)),
            ("lat", Json::from_display(&self.lat)),
            ("list", Json::from_display(self.list)),
            ("which", Json::from_display(&self.which)),
        ])
    }

    fn subject(&self) -> String {
        format!("{} {}", self.lon, self.lat)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.lon.clone(), self.lat.clone()]
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.lon == self.lat {
            return Err(contradiction_refusal(format!(
                "`{}` can't be both longitude and latitude",
                self.lon
            )));
        }
        Ok(Some(EffectKind::KeepWithin(self.clone())))
    }
}

/// Reads the ODRL form. `list` is the part of the right operand's datatype after `h:area`.
pub(super) fn read_published_area(
    form: &mut OdrlReader<'_>,
    list: &str,
) -> Result<PublishedAreaTerm, Refusal> {
    let list = list.parse().map_err(|cause| {
        form.malformed_refusal(format!("`{list}` is no SHA-256 digest"))
            .caused_by(cause)
    })?;
    let which = form.read_text("h:which")?;
    let which = which.parse().map_err(|fault: AreaSelectorError| {
        form.malformed_refusal(format!("`{which}`: {fault}"))
    })?;
    let (lon, lat) = super::area::read_point_columns(form)?;
    Ok(PublishedAreaTerm {
        lon,
        lat,
        list,
        which,
    })
}
