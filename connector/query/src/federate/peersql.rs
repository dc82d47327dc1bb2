//! The writer of SQL for participants: one small canonical form, read back and compared before it may be sent.
//!
//! A text that does not read back as exactly what was meant is not sent; the caller then asks for less and does the rest
//! at home. Writing whole plans back to SQL loses conditions now and then, so only expressions are written.

mod arrange;
pub(super) mod lists;
mod read;
mod render;

use self::arrange::arranged;
use self::read::{Known, Read, ReadSource, take_apart};
use self::render::render;
pub(super) use self::render::widens;
use crate::fault::carry;
use crate::federate::branch::{bare, movable};
use crate::federate::home::RemoteTable;
use crate::federate::select::{Body, Item, Select, Source, columns, plain};
use crate::federate::source::Relation;
use crate::limits::SqlLimits;
use crate::plan::functions::exact;
use crate::plan::planned;
use arrow_schema::SchemaRef;
use datafusion::common::{DFSchemaRef, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use hansa_audit_log::time::Time;
use hansa_enforcement::among;
use hansa_policy::id::{ContractId, DatasetId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A text that means what was meant.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// One SELECT.
    pub(super) sql: String,
    /// What it returns.
    pub(super) schema: SchemaRef,
}

/// Why no text was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` can't be written as SQL that reads back the same")]
pub(super) struct Unwritable(pub(super) String);

/// Writes and checks.
pub(super) struct Writer {
    state: Arc<SessionState>,
    limits: SqlLimits,
    now: Time,
    /// Which filters can be written: the optimizer asks for the same ones again and again.
    known: Mutex<BTreeMap<Asked, bool>>,
}

type Asked = (DatasetId, Option<ContractId>, Relation, String);

impl Writer {
    /// A writer with the options of `state`; what it writes is read within `limits`.
    pub(super) fn new(state: Arc<SessionState>, limits: SqlLimits, now: Time) -> Self {
        Self {
            state,
            limits,
            now,
            known: Mutex::default(),
        }
    }

    /// Whether rows can be filtered by this at the participant.
    pub(super) fn can_filter(
        &self,
        table: &Arc<RemoteTable>,
        relation: Relation,
        filter: &Expr,
    ) -> bool {
        if !movable(filter) {
            return false;
        }
        let Ok(filter) = exact::written_expr(bare(filter.clone())) else {
            return false;
        };
        let asked = (
            table.dataset.clone(),
            table.contract,
            relation,
            filter.to_string(),
        );
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().get(&asked) {
            return *answer;
        }
        let query = Select {
            from: vec![Item::table(Arc::clone(table), relation)],
            conjuncts: vec![filter],
            body: Body::Rows {
                outputs: Vec::new(),
                order: Vec::new(),
            },
            limit: None,
        };
        let answer = self.write(&query).is_ok();
        known().insert(asked, answer);
        answer
    }

    /// Writes a query and checks that the text means the same.
    pub(super) fn write(&self, query: &Select) -> Result<Text, Unwritable> {
        self.write_normal(query).map(|(_, text)| text)
    }

    /// The same, with the query in its normal form.
    pub(super) fn write_normal(&self, query: &Select) -> Result<(Select, Text), Unwritable> {
        let meant = self.normal(query)?;
        let sql = render(&meant)?;
        match self.means(&sql, &meant) {
            Some(schema) => Ok((meant, Text { sql, schema })),
            None => {
                tracing::debug!(name: "federate.not_same", "a text does not read back the same");
                Err(Unwritable(sql))
            }
        }
    }

    /// What the text returns, if it means exactly this.
    fn means(&self, sql: &str, meant: &Select) -> Option<SchemaRef> {
        let (read, schema) = self.read(sql, meant).ok()?;
        (read == Read::of(meant)).then_some(schema)
    }

    /// Simplifies an expression over these columns.
    pub(super) fn simplify(
        &self,
        expr: Expr,
        schema: &DFSchemaRef,
    ) -> Result<Expr, DataFusionError> {
        let folded = among::folded_in(expr, schema)?;
        let expr = exact::guarded_expr(folded.data, schema)?;
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(schema))
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(
                self.state.execution_props().query_execution_start_time,
            )
            .build();
        let simple = ExprSimplifier::new(context).simplify(expr)?;
        let simple = exact::written_expr(simple.unalias_nested().data)?;
        if folded.transformed {
            return among::unfolded_in(simple);
        }
        Ok(simple)
    }

    /// Conditions, each simplified and by itself.
    fn conditions(
        &self,
        conditions: Vec<Expr>,
        schema: &DFSchemaRef,
    ) -> Result<Vec<Expr>, DataFusionError> {
        let mut all = Vec::new();
        for condition in conditions {
            all.extend(split_conjunction_owned(self.simplify(condition, schema)?));
        }
        Ok(all)
    }

    fn normal(&self, query: &Select) -> Result<Select, Unwritable> {
        let Select {
            from,
            conjuncts,
            body,
            limit,
        } = arranged(query.clone());
        let schema = Arc::new(columns(&from));
        let all = |exprs: Vec<Expr>| -> Result<Vec<Expr>, Unwritable> {
            exprs
                .into_iter()
                .map(|expr| {
                    let simple = self.simplify(expr.clone(), &schema);
                    simple.map_err(|_| Unwritable(expr.to_string()))
                })
                .collect()
        };
        let conditions = |conditions: Vec<Expr>| -> Result<Vec<Expr>, Unwritable> {
            let told = || conditions.first().map(ToString::to_string);
            let mut all = self
                .conditions(conditions.clone(), &schema)
                .map_err(|_| Unwritable(told().unwrap_or_default()))?;
            all.retain(|condition| *condition != lit(true));
            Ok(all)
        };
        let body = match body {
            Body::Rows { outputs, order } => Body::Rows {
                outputs: if outputs.is_empty() {
                    vec![lit(1_i64)]
                } else {
                    all(outputs)?
                },
                order,
            },
            Body::Groups { keys, partials } => Body::Groups {
                keys: all(keys)?,
                partials: all(partials)?,
            },
        };
        let from = from
            .into_iter()
            .map(|item| {
                let on = conditions(item.on)?;
                Ok(Item { on, ..item })
            })
            .collect::<Result<_, Unwritable>>()?;
        Ok(Select {
            from,
            conjuncts: conditions(conjuncts)?,
            body,
            limit,
        })
    }

    fn read(&self, sql: &str, meant: &Select) -> Result<(Read, SchemaRef), DataFusionError> {
        let known = Arc::new(Known::of(meant));
        let plan = planned(sql, known, &self.limits, self.now)
            .map_err(carry)?
            .plan;
        let read = take_apart(&plan).ok_or_else(strange)?;
        Ok((self.simplified(read, meant)?, plain(plan.schema())))
    }

    /// What was read, simplified over the columns of what is meant.
    fn simplified(&self, mut read: Read, meant: &Select) -> Result<Read, DataFusionError> {
        let schema = Arc::new(columns(&meant.from));
        if read.items.len() != meant.from.len() {
            return Err(strange());
        }
        for (item, meant) in read.items.iter_mut().zip(&meant.from) {
            item.on = self.conditions(std::mem::take(&mut item.on), &schema)?;
            item.on.sort_by_key(ToString::to_string);
            if let (ReadSource::Select(inner), Source::Inner(meant)) =
                (&mut item.source, &meant.source)
            {
                let read = std::mem::take(&mut **inner);
                **inner = self.simplified(read, &meant.select)?;
            }
        }
        let simplify = |exprs: Vec<Expr>| -> Result<Vec<Expr>, DataFusionError> {
            exprs
                .into_iter()
                .map(|expr| self.simplify(expr, &schema))
                .collect()
        };
        read.conjuncts = self.conditions(read.conjuncts, &schema)?;
        read.outputs = simplify(read.outputs)?;
        read.keys = read.keys.map(simplify).transpose()?;
        Ok(read)
    }
}

fn strange() -> DataFusionError {
    DataFusionError::Plan("another shape than was written".to_owned())
}

#[cfg(test)]
mod tests;
