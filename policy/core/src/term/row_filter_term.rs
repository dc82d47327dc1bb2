//! Terms 8 and 9: only rows for which the filter is true exist; `{{consumer}}` stands for the asking participant.

use super::canonical_value;
use super::odrl::right_operand;
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::{ParticipantId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::row_filter::{self, RowFilter};
use hansa_audit_log::json::Json;

/// Row filter as a term.
pub(super) struct RowFilterTerm<'a>(pub(super) &'a RowFilter);

pub(super) static WHERE: TermSpec = TermSpec {
    numbers: &[8, 9],
    name: "rows",
    position: OdrlPosition::Target,
    operand: "h:rowFilter",
    operators: &["eq"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Plan],
    codes: &[ErrorCode::TenantUnbound],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "ask the provider to map your identity to a tenant; rows that are hidden do not exist",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for RowFilterTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &WHERE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(Json::from_display(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        canonical_value::canonical_row_filter(self.0)
    }

    fn effect(&self, to: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        bind_consumer(self.0, to.asker, to.tenant).map(|filter| Some(EffectKind::KeepRows(filter)))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.collect_columns().into_iter().collect()
    }
}

/// Reads the ODRL form.
pub(super) fn read_row_filter(form: &mut OdrlReader<'_>) -> Result<RowFilter, Refusal> {
    let filter = form.read_text("rightOperand")?;
    row_filter::parse_row_filter(&filter).map_err(|fault| form.malformed_refusal(fault.sentence))
}

/// Binds the consumer as a literal: the tenant that the provider maps it to, else its domain.
pub(super) fn bind_consumer(
    filter: &RowFilter,
    asker: &ParticipantId,
    tenant: Option<&str>,
) -> Result<RowFilter, Refusal> {
    filter.check()?;
    let bound = if filter.names_consumer() {
        let tenant = tenant.unwrap_or_else(|| asker.domain());
        if tenant.is_empty() {
            return Err(Refusal::new(
                ErrorCode::TenantUnbound,
                format!("`{asker}` is mapped to no tenant"),
            )
            .with_help("ask the provider to map your identity to a tenant"));
        }
        filter.bind_consumer(tenant)
    } else {
        filter.clone()
    };
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_filter::parse_row_filter;

    #[track_caller]
    fn check(filter: &str, tenant: Option<&str>, expect: &str) {
        let asker = "hansa://tallinn.example".parse().unwrap();
        let got = match bind_consumer(&parse_row_filter(filter).unwrap(), &asker, tenant) {
            Ok(bound) => bound.to_string(),
            Err(refusal) => refusal.code.to_string(),
        };
        assert_eq!(got, expect);
    }

    #[test]
    fn the_consumer_is_bound_as_a_literal() {
        check("a = 1", None, "a = 1");
        check("op = {{consumer}}", None, "op = 'tallinn.example'");
        check("op = {{consumer}}", Some("carris"), "op = 'carris'");
        check(
            "op IN ({{consumer}}, 'b')",
            Some("x' OR '1'='1"),
            "op IN ('x'' OR ''1''=''1', 'b')",
        );
        check("op = {{consumer}}", Some(""), "TENANT_UNBOUND");
    }
}
