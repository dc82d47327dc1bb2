//! Term 15 over a published area: only rows whose point lies in it exist.
//!
//! The contract names the list with the outline by the digest of its file. A point on the outline belongs to the area.

use super::odrl::{texts, typed_literal};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction};
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", typed_literal("h:area", self.list)),
            ("h:column", texts(&[&self.lon, &self.lat])),
            ("h:which", Json::text(&self.which)),
        ])
    }

    fn canonical(&self) -> Json {
        Json::object([
            ("lon", Json::text(&self.lon)),
            ("lat", Json::text(&self.lat)),
            ("list", Json::text(self.list)),
            ("which", Json::text(&self.which)),
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
            return Err(contradiction(format!(
                "`{}` can't be both longitude and latitude",
                self.lon
            )));
        }
        Ok(Some(EffectKind::KeepWithin(self.clone())))
    }
}

/// Reads the ODRL form. `list` is the part of the right operand's datatype after `h:area`.
pub(super) fn read(form: &mut OdrlReader<'_>, list: &str) -> Result<PublishedAreaTerm, Refusal> {
    let list = list.parse().map_err(|cause| {
        form.wrong(format!("`{list}` is no SHA-256 digest"))
            .caused_by(cause)
    })?;
    let which = form.text("h:which")?;
    let which = which
        .parse()
        .map_err(|fault: AreaSelectorError| form.wrong(format!("`{which}`: {fault}")))?;
    let (lon, lat) = super::area::places(form)?;
    Ok(PublishedAreaTerm {
        lon,
        lat,
        list,
        which,
    })
}
