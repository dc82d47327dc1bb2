//! Random statements over the random tables, from the complete permitted grammar that PostgreSQL interprets equally.

mod join_conditions;
mod queries;
mod values;

use super::random_tables::{COLUMNS, ValueKind};
use super::statement_tree::{Node, NodeKind};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Relation that expressions can name.
#[derive(Debug, Clone)]
pub(super) struct ScopeRelation {
    alias: String,
    columns: Vec<(String, ValueKind)>,
}

impl ScopeRelation {
    fn of_table(alias: String) -> Self {
        let columns = COLUMNS.iter();
        Self {
            alias,
            columns: columns
                .map(|(name, kind)| ((*name).to_owned(), *kind))
                .collect(),
        }
    }

    /// Checks for a column whose values are unique.
    fn has_key(&self) -> bool {
        self.columns.iter().any(|(name, _)| name == "k")
    }
}

/// Relations and columns that an expression can name.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    relations: Vec<ScopeRelation>,
    /// Merged columns of a join with USING.
    merged: Vec<(String, ValueKind)>,
    /// Relations of the outer queries.
    outer: Vec<ScopeRelation>,
}

impl Scope {
    /// Scope of a join with USING over `names`: the merged columns, and the other columns of each relation.
    fn merge(mut self, names: &[&str]) -> Self {
        for relation in &mut self.relations {
            let (once, left) = std::mem::take(&mut relation.columns)
                .into_iter()
                .partition(|(name, _)| names.contains(&name.as_str()));
            relation.columns = left;
            self.merged = once;
        }
        self
    }

    fn within(&self) -> Self {
        let outer = self.outer.iter().chain(&self.relations);
        Self {
            relations: Vec::new(),
            merged: Vec::new(),
            outer: outer.cloned().collect(),
        }
    }
}

/// Generator of statements.
pub(super) struct Grammar<'a> {
    random: &'a mut StdRng,
    named: usize,
    /// Number of subqueries that may still be generated.
    subqueries: usize,
}

impl<'a> Grammar<'a> {
    pub(super) fn new(random: &'a mut StdRng) -> Self {
        Self {
            random,
            named: 0,
            subqueries: 3,
        }
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        *list.choose(self.random).unwrap()
    }

    fn next_alias(&mut self) -> String {
        self.named += 1;
        format!("r{}", self.named)
    }

    fn kind(&mut self) -> ValueKind {
        self.one(&[
            ValueKind::Int,
            ValueKind::Int,
            ValueKind::Int,
            ValueKind::Float,
            ValueKind::Decimal,
            ValueKind::Text,
            ValueKind::Text,
            ValueKind::Bool,
            ValueKind::Bool,
            ValueKind::Date,
            ValueKind::Instant,
        ])
    }
}

fn other(text: impl Into<String>) -> Node {
    Node::text(NodeKind::Other, text)
}

fn value(kind: ValueKind, template: &str, nodes: Vec<Node>) -> Node {
    Node::of(NodeKind::Value(kind), template, nodes)
}

fn literal(kind: ValueKind, text: impl Into<String>) -> Node {
    Node::text(NodeKind::Value(kind), text)
}
