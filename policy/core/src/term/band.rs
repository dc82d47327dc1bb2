//! Term 13: a numeric column shows the lower edge of the band of its value.
//!
//! The type of the column stays. Values below the first edge become NULL; the last band has no upper end.

use super::canonical_value;
use super::odrl::{iri_json, is_decimal, text_list};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use hansa_audit_log::json::Json;

/// Band as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandTerm {
    /// Numeric column.
    pub column: SqlIdentifier,
    /// Lower edges, ascending, as decimal text.
    pub edges: Vec<String>,
}

pub(super) static BAND: TermSpec = TermSpec {
    numbers: &[13],
    name: "band",
    position: OdrlPosition::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "the column shows the lower edge of the band",
    test: "what_is_learned_is_a_function_of_the_view",
};

/// Largest number of edges in one clause.
pub const MOST_EDGES: usize = 1_000;

impl TermRule for BandTerm {
    fn spec(&self) -> &'static TermSpec {
        &BAND
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri_json("h:band")),
            ("h:column", Json::from_display(&self.column)),
            ("h:edges", text_list(&self.edges)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        let edges = self.edges.iter();
        Json::object([
            ("column", Json::from_display(&self.column)),
            (
                "edges",
                Json::List(
                    edges
                        .map(|edge| Json::from_display(canonical_value::canonical_decimal(edge)))
                        .collect(),
                ),
            ),
        ])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.edges.is_empty() || self.edges.len() > MOST_EDGES {
            return Err(contradiction_refusal(format!(
                "a column has between 1 and {MOST_EDGES} bands"
            )));
        }
        let mut below: Option<f64> = None;
        for edge in &self.edges {
            let value = edge.parse::<f64>().ok().filter(|_| is_decimal(edge));
            let rising = value.is_some_and(|value| below.is_none_or(|below| below < value));
            if !rising {
                return Err(Refusal::new(
                    ErrorCode::TermIllTyped,
                    format!("the edge `{edge}` is no decimal number above the one before"),
                )
                .with_help("write ascending numbers, such as [0, 18, 40, 65]"));
            }
            below = value;
        }
        Ok(Some(EffectKind::Band {
            column: self.column.clone(),
            edges: self.edges.clone(),
        }))
    }
}

/// Reads the ODRL form.
pub(super) fn read_band(form: &mut OdrlReader<'_>) -> Result<BandTerm, Refusal> {
    let column = form.read_column("h:column")?;
    let edges: Vec<String> = form.read_texts("h:edges")?;
    if let Some(bad) = edges.iter().find(|edge| !is_decimal(edge)) {
        return Err(form.malformed_refusal(format!("`{bad}` is no decimal number")));
    }
    Ok(BandTerm { column, edges })
}
