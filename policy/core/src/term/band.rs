//! Term 13: a column of numbers shows the lower edge of the band in which its value lies.
//!
//! The type of the column stays. What lies below the first edge is NULL; the last band has no upper end.

use super::canonical_value;
use super::odrl::{iri, is_decimal, texts};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction};
use hansa_audit_log::json::Json;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandTerm {
    /// The column; numbers.
    pub column: SqlIdentifier,
    /// The lower edges, ascending, as decimal text.
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

/// The most edges of one clause.
pub const MOST_EDGES: usize = 1_000;

impl TermRule for BandTerm {
    fn spec(&self) -> &'static TermSpec {
        &BAND
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri("h:band")),
            ("h:column", Json::text(&self.column)),
            ("h:edges", texts(&self.edges)),
        ])
    }

    fn canonical(&self) -> Json {
        let edges = self.edges.iter();
        Json::object([
            ("column", Json::text(&self.column)),
            (
                "edges",
                Json::List(
                    edges
                        .map(|edge| Json::text(canonical_value::decimal(edge)))
                        .collect(),
                ),
            ),
        ])
    }

    fn column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.edges.is_empty() || self.edges.len() > MOST_EDGES {
            return Err(contradiction(format!(
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

/// Reads its form.
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<BandTerm, Refusal> {
    let column = form.column("h:column")?;
    let edges: Vec<String> = form.texts("h:edges")?;
    if let Some(bad) = edges.iter().find(|edge| !is_decimal(edge)) {
        return Err(form.wrong(format!("`{bad}` is no decimal number")));
    }
    Ok(BandTerm { column, edges })
}
