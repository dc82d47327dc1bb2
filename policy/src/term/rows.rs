//! Terms 8 and 9: only rows for which the filter is true exist; `{{consumer}}` is whoever asks.

use crate::effect::What;
use crate::id::ParticipantId;
use crate::refusal::{Code, Refusal};
use crate::row_filter::RowFilter;

/// Binds the consumer as a literal: the tenant that the provider mapped it to, else its domain.
pub(super) fn rule(
    filter: &RowFilter,
    asker: &ParticipantId,
    tenant: Option<&str>,
) -> Result<What, Refusal> {
    filter.check()?;
    let bound = if filter.names_consumer() {
        let tenant = tenant.unwrap_or_else(|| asker.domain());
        if tenant.is_empty() {
            return Err(Refusal::new(
                Code::TenantUnbound,
                format!("`{asker}` is mapped to no tenant"),
            )
            .with_help("ask the provider to map your identity to a tenant"));
        }
        filter.bind_consumer(tenant)
    } else {
        filter.clone()
    };
    Ok(What::KeepRows(bound))
}

pub(super) fn plain(filter: &RowFilter) -> String {
    if filter.names_consumer() {
        format!("only rows where {filter}, {{{{consumer}}}} being whoever asks")
    } else {
        format!("only rows where {filter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_filter::parse;

    #[track_caller]
    fn check(filter: &str, tenant: Option<&str>, expect: &str) {
        let asker = "hansa://tallinn.example".parse().unwrap();
        let got = match rule(&parse(filter).unwrap(), &asker, tenant) {
            Ok(What::KeepRows(bound)) => bound.to_string(),
            Ok(other) => format!("{other:?}"),
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
