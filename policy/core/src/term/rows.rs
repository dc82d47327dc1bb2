//! Terms 8 and 9: only rows for which the filter is true exist; `{{consumer}}` is whoever asks.

use super::Term;
use super::normal;
use super::odrl::says;
use super::order;
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::effect::What;
use crate::id::{Name, ParticipantId};
use crate::refusal::{Code, Refusal};
use crate::row_filter::{self, RowFilter};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// The term.
pub(super) struct Where<'a>(pub(super) &'a RowFilter);

pub(super) static WHERE: Spec = Spec {
    numbers: &[8, 9],
    name: "rows",
    place: Place::Target,
    operand: "h:rowFilter",
    operators: &["eq"],
    executed: &[Stage::Admission, Stage::Plan],
    codes: &[Code::TenantUnbound],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "ask the provider to map your identity to a tenant; rows that are hidden do not exist",
    test: "what_is_learned_is_a_function_of_the_view",
    read,
};

impl Rule for Where<'_> {
    fn spec(&self) -> &'static Spec {
        &WHERE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:rowFilter", "eq", Json::text(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let filter = self.0;
        let only = tongue.pick("only rows where", "nur Zeilen mit", "só linhas em que");
        if filter.names_consumer() {
            let being = tongue.pick(
                "{{consumer}} being whoever asks",
                "{{consumer}} ist, wer fragt",
                "sendo {{consumer}} quem pergunta",
            );
            format!("{only} {filter}, {being}")
        } else {
            format!("{only} {filter}")
        }
    }

    fn normal(&self) -> Json {
        normal::rows(self.0)
    }

    fn effect(&self, to: &Binding<'_>) -> Result<Option<What>, Refusal> {
        bound(self.0, to.asker, to.tenant).map(|filter| Some(What::KeepRows(filter)))
    }

    fn columns(&self) -> Vec<Name> {
        self.0.columns().into_iter().collect()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Rows(other) => order::filters(self.0, other),
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let filter = form.text("rightOperand")?;
    let filter = row_filter::parse(&filter).map_err(|fault| form.wrong(fault.sentence))?;
    Ok(Term::Rows(filter))
}

/// Binds the consumer as a literal: the tenant that the provider mapped it to, else its domain.
pub(super) fn bound(
    filter: &RowFilter,
    asker: &ParticipantId,
    tenant: Option<&str>,
) -> Result<RowFilter, Refusal> {
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
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_filter::parse;

    #[track_caller]
    fn check(filter: &str, tenant: Option<&str>, expect: &str) {
        let asker = "hansa://tallinn.example".parse().unwrap();
        let got = match bound(&parse(filter).unwrap(), &asker, tenant) {
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
