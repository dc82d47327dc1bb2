//! Join conditions.

use super::{Grammar, Scope, ValueKind, literal, value};
use crate::federation::tests::oracle::statement_tree::Node;

impl Grammar<'_> {
    /// Equality of columns of two relations, if they have columns of one type.
    pub(super) fn join_key(&mut self, left: &Scope, right: &Scope) -> Node {
        for kind in [
            ValueKind::Int,
            ValueKind::Text,
            ValueKind::Bool,
            ValueKind::Date,
            ValueKind::Float,
            ValueKind::Decimal,
        ] {
            let one = self.column(
                kind,
                &Scope {
                    outer: Vec::new(),
                    ..left.clone()
                },
            );
            let another = self.column(
                kind,
                &Scope {
                    outer: Vec::new(),
                    ..right.clone()
                },
            );
            if let (Some(one), Some(another)) = (one, another) {
                return value(ValueKind::Bool, "({} = {})", vec![one, another]);
            }
        }
        literal(ValueKind::Bool, "true")
    }

    /// Condition that usually compares columns of two relations.
    pub(super) fn join_condition(&mut self, left: &Scope, right: &Scope) -> Node {
        let both = Scope {
            relations: left
                .relations
                .iter()
                .chain(&right.relations)
                .cloned()
                .collect(),
            merged: Vec::new(),
            outer: left.outer.clone(),
        };
        let kind = self.kind();
        let one = self.column(
            kind,
            &Scope {
                outer: Vec::new(),
                ..left.clone()
            },
        );
        let another = self.column(
            kind,
            &Scope {
                outer: Vec::new(),
                ..right.clone()
            },
        );
        let (Some(one), Some(another)) = (one, another) else {
            return self.value(ValueKind::Bool, &both, 1);
        };
        let bool = ValueKind::Bool;
        let op = self.one(&["=", "=", "=", "=", "IS NOT DISTINCT FROM", "<", ">=", "<>"]);
        let equal = value(bool, &format!("({{}} {op} {{}})"), vec![one, another]);
        match self.below(5) {
            0 => {
                let also = self.value(bool, &both, 2);
                value(bool, "({} AND {})", vec![equal, also])
            }
            1 => {
                let also = self.value(bool, &both, 1);
                value(bool, "({} OR {})", vec![equal, also])
            }
            2 => self.value(bool, &both, 2),
            _ => equal,
        }
    }
}
