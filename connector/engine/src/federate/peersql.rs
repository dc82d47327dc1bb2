//! The writer of SQL for participants: one small canonical form, read back and compared before it may be sent.
//!
//! A text that does not read back as exactly what was meant is not sent; the caller then asks for less and does the rest
//! at home. Writing whole plans back to SQL loses conditions now and then, so only expressions are written.

mod read;
mod render;

use self::read::{Read, Single, take_apart};
use self::render::render;
pub(super) use self::render::widens;
use crate::fault::carry;
use crate::federate::branch::{bare, movable};
use crate::federate::home::RemoteTable;
use crate::federate::source::Relation;
use crate::limits::SqlLimits;
use crate::plan::functions::exact;
use crate::plan::planned;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use evidence::time::Time;
use policy::id::{ContractId, DatasetId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is meant: one relation, conditions, and rows or groups of it.
#[derive(Clone)]
pub(super) struct PeerQuery {
    /// Whose relation.
    pub(super) table: Arc<RemoteTable>,
    /// Which.
    pub(super) relation: Relation,
    /// Conditions over bare columns.
    pub(super) conjuncts: Vec<Expr>,
    /// What comes out.
    pub(super) body: Body,
    /// At most so many rows.
    pub(super) limit: Option<usize>,
}

/// What comes out of a query.
#[derive(Clone)]
pub(super) enum Body {
    /// Rows `c0..`, in this order.
    Rows {
        /// The columns.
        outputs: Vec<Expr>,
        /// Which output orders them, and how.
        order: Vec<Order>,
    },
    /// Groups: keys `k0..` and aggregates `p0..`.
    Groups {
        /// The keys; none for one row in all.
        keys: Vec<Expr>,
        /// The aggregates.
        partials: Vec<Expr>,
    },
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The place of the output.
    pub(super) output: usize,
    /// Smallest first.
    pub(super) ascending: bool,
    /// NULL before all.
    pub(super) nulls_first: bool,
}

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
        let query = PeerQuery {
            table: Arc::clone(table),
            relation,
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
    pub(super) fn write(&self, query: &PeerQuery) -> Result<Text, Unwritable> {
        let meant = self.normal(query)?;
        let sql = render(&meant)?;
        match self.means(&sql, &meant) {
            Some(schema) => Ok(Text { sql, schema }),
            None => {
                tracing::debug!(name: "federate.not_same", "a text does not read back the same");
                Err(Unwritable(sql))
            }
        }
    }

    /// What the text returns, if it means exactly this.
    fn means(&self, sql: &str, meant: &PeerQuery) -> Option<SchemaRef> {
        let (read, schema) = self.read(sql, meant).ok()?;
        (read == Read::of(meant)).then_some(schema)
    }

    /// Simplifies an expression over bare columns of a relation.
    pub(super) fn simplify(&self, expr: Expr, schema: &SchemaRef) -> Result<Expr, DataFusionError> {
        let schema: DFSchemaRef = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
        let expr = exact::guarded_expr(expr, &schema)?;
        let context = SimplifyContext::builder()
            .with_schema(schema)
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(
                self.state.execution_props().query_execution_start_time,
            )
            .build();
        let simple = ExprSimplifier::new(context).simplify(expr)?;
        exact::written_expr(simple.unalias_nested().data)
    }

    fn normal(&self, query: &PeerQuery) -> Result<PeerQuery, Unwritable> {
        let schema = query.table.schema(query.relation);
        let all = |exprs: &[Expr]| -> Result<Vec<Expr>, Unwritable> {
            exprs
                .iter()
                .map(|expr| {
                    self.simplify(expr.clone(), &schema)
                        .map_err(|_| Unwritable(expr.to_string()))
                })
                .collect()
        };
        let conjuncts = all(&query.conjuncts)?
            .into_iter()
            .flat_map(split_conjunction_owned)
            .filter(|conjunct| *conjunct != lit(true))
            .collect();
        let body = match &query.body {
            Body::Rows { outputs, order } => Body::Rows {
                outputs: if outputs.is_empty() {
                    vec![lit(1_i64)]
                } else {
                    all(outputs)?
                },
                order: order.clone(),
            },
            Body::Groups { keys, partials } => Body::Groups {
                keys: all(keys)?,
                partials: all(partials)?,
            },
        };
        Ok(PeerQuery {
            conjuncts,
            body,
            ..query.clone()
        })
    }

    fn read(&self, sql: &str, meant: &PeerQuery) -> Result<(Read, SchemaRef), DataFusionError> {
        let strange = || DataFusionError::Plan("another shape than was written".to_owned());
        let schema = meant.table.schema(meant.relation);
        let wire_name = meant.table.wire_name(meant.relation);
        let tables = Arc::new(Single {
            name: wire_name.clone(),
            schema: Arc::clone(&schema),
        });
        let plan = planned(sql, tables, &self.limits, self.now)
            .map_err(carry)?
            .plan;
        let fields: Vec<Field> = plan
            .schema()
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()))
            .collect();
        let mut read = take_apart(&plan).ok_or_else(strange)?;
        if read.relation != wire_name {
            return Err(strange());
        }
        let simplify = |exprs: Vec<Expr>| -> Result<Vec<Expr>, DataFusionError> {
            exprs
                .into_iter()
                .map(|expr| self.simplify(expr, &schema))
                .collect()
        };
        read.conjuncts = simplify(read.conjuncts)?
            .into_iter()
            .flat_map(split_conjunction_owned)
            .collect();
        read.outputs = simplify(read.outputs)?;
        read.keys = read.keys.map(simplify).transpose()?;
        Ok((read, Arc::new(Schema::new(fields))))
    }
}

#[cfg(test)]
mod tests;
