//! Queries: relations, joins, groups, windows and set operations.

use super::{Grammar, Scope, ScopeRelation, ValueKind, other, value};
use crate::federation::tests::oracle::random_tables::TABLES;
use crate::federation::tests::oracle::statement_tree::{Node, NodeKind};

/// FROM clause and its scope.
struct FromClause {
    node: Node,
    scope: Scope,
}

impl Grammar<'_> {
    /// Complete statement, and a flag that its order of rows is defined.
    pub(in super::super) fn statement(&mut self) -> (Node, bool) {
        let count = self.one(&[1, 1, 2, 2, 3]);
        let kinds: Vec<ValueKind> = (0..count).map(|_| self.kind()).collect();
        let scope = Scope::default();
        let query = self.query(&kinds, &scope, 2);
        let all: Vec<Node> = (1..=count)
            .map(|place| {
                let direction = self.one(&["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]);
                other(format!("{place}{direction}"))
            })
            .collect();
        let keys: Vec<String> = all.iter().map(ToString::to_string).collect();
        let keys = other(keys.join(", "));
        match self.below(5) {
            0 => (
                Node::of(
                    NodeKind::Other,
                    "SELECT * FROM ({}) q ORDER BY {}",
                    vec![query, keys],
                ),
                true,
            ),
            3 => {
                let condition = self.outer_condition(&kinds);
                (
                    Node::of(
                        NodeKind::Other,
                        "SELECT * FROM ({}) q WHERE {}",
                        vec![query, condition],
                    ),
                    false,
                )
            }
            1 => {
                let limit = self.one(&["1", "2", "5"]);
                let skip = self.one(&["", " OFFSET 1", " OFFSET 3"]);
                (
                    Node::of(
                        NodeKind::Other,
                        &format!("SELECT * FROM ({{}}) q ORDER BY {{}} LIMIT {limit}{skip}"),
                        vec![query, keys],
                    ),
                    true,
                )
            }
            2 => {
                // CTE that may be used twice.
                let [one, other] = [0, 1].map(|_| self.next_alias());
                let columns: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
                let text = match self.chance(0.5) {
                    true => format!(
                        "WITH w AS ({{}}) SELECT {one}.{first} AS y, {other}.{first} AS z FROM w AS {one}({list}) \
                         LEFT JOIN w AS {other}({list}) ON {one}.{first} = {other}.{first}",
                        first = columns[0],
                        list = columns.join(", ")
                    ),
                    false => "WITH w AS ({}) SELECT * FROM w".to_owned(),
                };
                (Node::of(NodeKind::Other, &text, vec![query]), false)
            }
            _ => (query, false),
        }
    }

    /// Relations, and a condition over them.
    pub(in super::super) fn relations_and_condition(&mut self) -> (Node, Node) {
        let from = self.from(&Scope::default(), 1);
        let condition = self.value(ValueKind::Bool, &from.scope, 3);
        (from.node, condition)
    }

    /// Condition over the columns of the query `q`.
    fn outer_condition(&mut self, kinds: &[ValueKind]) -> Node {
        let columns = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| (format!("c{at}"), *kind));
        let scope = Scope {
            relations: vec![ScopeRelation {
                alias: "q".to_owned(),
                columns: columns.collect(),
            }],
            merged: Vec::new(),
            outer: Vec::new(),
        };
        self.value(ValueKind::Bool, &scope, 2)
    }

    /// Query with columns of these types.
    pub(super) fn query(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        match self.below(10) {
            0 | 1 if depth > 0 => self.set_operation(kinds, around, depth - 1),
            2 | 3 => self.grouped_query(kinds, around, depth),
            4 if depth > 0 => self.first_rows(kinds, around, depth),
            5 if depth > 1 && around.outer.is_empty() => self.distinct_on(kinds, around, depth),
            _ => self.select(kinds, around, depth),
        }
    }

    fn items(&mut self, nodes: Vec<Node>) -> Node {
        let named = nodes
            .into_iter()
            .enumerate()
            .map(|(at, node)| Node::of(NodeKind::Other, &format!("{{}} AS c{at}"), vec![node]));
        // All columns are named, but the query returns only the requested number.
        let named: Vec<Node> = named.collect();
        let places = vec!["{}"; named.len()].join(", ");
        Node::of(NodeKind::Other, &places, named)
    }

    fn filter(&mut self, scope: &Scope) -> Node {
        match self.chance(0.65) {
            true => {
                let condition = self.value(ValueKind::Bool, scope, 3);
                Node::of(NodeKind::Other, " WHERE {}", vec![condition])
            }
            false => Self::blank(),
        }
    }

    fn select(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        if self.chance(0.03) {
            return self.rows_of_values(kinds);
        }
        let from = self.from(around, depth);
        let with_windows = from.scope.relations.iter().all(ScopeRelation::has_key)
            && around.outer.is_empty()
            && self.chance(0.3);
        let items = kinds
            .iter()
            .map(|kind| match with_windows && self.chance(0.6) {
                true => self.window(*kind, &from.scope),
                false => self.value(*kind, &from.scope, 2),
            })
            .collect();
        let items = self.items(items);
        let filter = self.filter(&from.scope);
        let distinct = self.one(&["", "", "", "DISTINCT "]);
        Node::of(
            NodeKind::Query,
            &format!("SELECT {distinct}{{}} FROM {{}}[]"),
            vec![items, from.node, filter],
        )
    }

    fn rows_of_values(&mut self, kinds: &[ValueKind]) -> Node {
        let count = self.one(&[1, 2, 3]);
        let rows: Vec<String> = (0..count)
            .map(|_| {
                let cells: Vec<String> = kinds
                    .iter()
                    .map(|kind| self.literal(*kind).to_string())
                    .collect();
                format!("({})", cells.join(", "))
            })
            .collect();
        let columns: Vec<String> = (0..kinds.len()).map(|at| format!("c{at}")).collect();
        let alias = self.next_alias();
        let columns = columns.join(", ");
        Node::text(
            NodeKind::Query,
            format!(
                "SELECT {columns} FROM (VALUES {}) AS {alias}({columns})",
                rows.join(", ")
            ),
        )
    }

    fn set_operation(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        let op = self.one(&[
            "UNION",
            "UNION ALL",
            "EXCEPT",
            "EXCEPT ALL",
            "INTERSECT",
            "INTERSECT ALL",
        ]);
        let [one, another] = [0, 1].map(|_| self.query(kinds, around, depth));
        let query = Node::of(
            NodeKind::Query,
            &format!("({{}}) {op} ({{}})"),
            vec![one, another],
        );
        if self.chance(0.25) {
            let op = self.one(&["UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "UNION"]);
            let third = self.query(kinds, around, 0);
            return Node::of(
                NodeKind::Query,
                &format!("{{}} {op} ({{}})"),
                vec![query, third],
            );
        }
        query
    }

    fn first_rows(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        let query = self.query(kinds, around, depth - 1);
        let alias = self.next_alias();
        let keys: Vec<String> = (1..=kinds.len()).map(|place| place.to_string()).collect();
        let limit = self.one(&[
            "LIMIT 1",
            "LIMIT 2",
            "LIMIT 3 OFFSET 1",
            "OFFSET 1",
            "LIMIT 0",
        ]);
        Node::of(
            NodeKind::Query,
            &format!(
                "SELECT * FROM ({{}}) {alias} ORDER BY {} {limit}",
                keys.join(", ")
            ),
            vec![query],
        )
    }

    fn distinct_on(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        let from = self.from(around, depth);
        if !from.scope.relations.iter().all(ScopeRelation::has_key) {
            return self.select(kinds, around, depth);
        }
        let key_kind = self.kind();
        let key = self.value(key_kind, &from.scope, 1);
        let keys = from.scope.relations.iter();
        let order: Vec<String> = keys
            .map(|relation| format!("{}.k", relation.alias))
            .collect();
        let items = kinds
            .iter()
            .map(|kind| self.value(*kind, &from.scope, 1))
            .collect();
        let items = self.items(items);
        let filter = self.filter(&from.scope);
        Node::of(
            NodeKind::Query,
            &format!(
                "SELECT DISTINCT ON ({key}) {{}} FROM {{}}[] ORDER BY {key}, {}",
                order.join(", ")
            ),
            vec![items, from.node, filter],
        )
    }

    /// Query with one row: an aggregate over all rows, or the first row of an order.
    pub(super) fn one_row_query(&mut self, kind: ValueKind, around: &Scope) -> Node {
        if self.chance(0.3) {
            let from = self.from(around, 0);
            let item = self.value(kind, &from.scope, 1);
            let filter = self.filter(&from.scope);
            let items = self.items(vec![item]);
            return Node::of(
                NodeKind::Other,
                "SELECT {} FROM {}[] ORDER BY 1 LIMIT 1",
                vec![items, from.node, filter],
            );
        }
        let from = self.from(around, 0);
        let call = self.aggregate(kind, &from.scope);
        let filter = self.filter(&from.scope);
        let items = self.items(vec![call]);
        Node::of(
            NodeKind::Other,
            "SELECT {} FROM {}[]",
            vec![items, from.node, filter],
        )
    }

    fn grouped_query(&mut self, kinds: &[ValueKind], around: &Scope, depth: u32) -> Node {
        let from = self.from(around, depth);
        let count = self.one(&[0, 1, 1, 2]);
        // A key with a subquery can't be matched with its occurrence in the select list.
        let subqueries = std::mem::take(&mut self.subqueries);
        let keys: Vec<(ValueKind, Node)> = (0..count)
            .map(|_| {
                let kind = self.kind();
                (kind, self.key(kind, &from.scope))
            })
            .collect();
        self.subqueries = subqueries;
        let mut items = Vec::new();
        for kind in kinds {
            let key = keys.iter().find(|(of, _)| of == kind);
            items.push(match key {
                Some((_, key)) if self.chance(0.6) => key.clone(),
                _ => self.aggregate(*kind, &from.scope),
            });
        }
        let items = self.items(items);
        let filter = self.filter(&from.scope);
        let texts: Vec<String> = keys.iter().map(|(_, key)| key.to_string()).collect();
        // PostgreSQL 15 returns a constant key in a grouping set without that key, although it should be NULL.
        let varies = texts.iter().all(|text| names_column(text));
        let form = if varies { 0 } else { 6 };
        let by = match texts.as_slice() {
            [] => String::new(),
            [one] => match self.below(6).max(form) {
                0 => format!(" GROUP BY GROUPING SETS (({one}), ())"),
                _ => format!(" GROUP BY {one}"),
            },
            [one, other, ..] if one == other => format!(" GROUP BY {one}"),
            [one, other, ..] => match self.below(6).max(form) {
                0 => format!(" GROUP BY GROUPING SETS (({one}), ({other}), ())"),
                1 => format!(" GROUP BY ROLLUP ({one}, {other})"),
                2 => format!(" GROUP BY CUBE ({one}, {other})"),
                _ => format!(" GROUP BY {one}, {other}"),
            },
        };
        let having = match self.chance(0.3) {
            true => {
                let kind = self.one(&[ValueKind::Int, ValueKind::Text, ValueKind::Bool]);
                let call = self.aggregate(kind, &from.scope);
                let condition = match kind {
                    ValueKind::Bool => value(ValueKind::Bool, "({} IS NOT FALSE)", vec![call]),
                    ValueKind::Int => value(ValueKind::Bool, "({} > 1)", vec![call]),
                    _ => value(ValueKind::Bool, "({} <> 'a')", vec![call]),
                };
                Node::of(NodeKind::Other, " HAVING {}", vec![condition])
            }
            false => Self::blank(),
        };
        Node::of(
            NodeKind::Query,
            &format!("SELECT {{}} FROM {{}}[]{by}[]"),
            vec![items, from.node, filter, having],
        )
    }

    /// Aggregate whose value does not depend on the order of rows.
    fn aggregate(&mut self, kind: ValueKind, scope: &Scope) -> Node {
        let (call, node) = match kind {
            ValueKind::Int => match self.below(6) {
                0 => ("count(*)".to_owned(), None),
                1 | 2 => {
                    let of = self.kind();
                    let call = self.one(&["count({})", "count(DISTINCT {})"]);
                    (call.to_owned(), Some(self.value(of, scope, 1)))
                }
                _ => {
                    let call = self.one(&[
                        "CAST(sum({}) AS BIGINT)",
                        "CAST(sum(DISTINCT {}) AS BIGINT)",
                        "min({})",
                        "max({})",
                    ]);
                    (call.to_owned(), Some(self.value(kind, scope, 2)))
                }
            },
            ValueKind::Float => {
                let of = self.one(&[ValueKind::Float, ValueKind::Int]);
                let call = match of {
                    ValueKind::Float => self.one(&[
                        "sum({})",
                        "avg({})",
                        "min({})",
                        "max({})",
                        "stddev_samp({})",
                        "var_pop({})",
                    ]),
                    _ => self.one(&[
                        "CAST(avg({}) AS DOUBLE PRECISION)",
                        "CAST(avg(DISTINCT {}) AS DOUBLE PRECISION)",
                    ]),
                };
                (call.to_owned(), Some(self.value(of, scope, 1)))
            }
            ValueKind::Decimal => {
                let call = self.one(&[
                    "sum({})",
                    "sum(DISTINCT {})",
                    "avg({})",
                    "min({})",
                    "max({})",
                ]);
                (call.to_owned(), Some(self.value(kind, scope, 1)))
            }
            ValueKind::Bool => {
                let call = self.one(&["bool_and({})", "bool_or({})"]);
                (call.to_owned(), Some(self.value(kind, scope, 2)))
            }
            ValueKind::Text | ValueKind::Date | ValueKind::Instant => {
                let call = self.one(&["min({})", "max({})"]);
                (call.to_owned(), Some(self.value(kind, scope, 1)))
            }
        };
        let mut nodes: Vec<Node> = node.into_iter().collect();
        // A cast around the call leaves no place for a FILTER clause.
        let filter = self.chance(0.2) && !call.starts_with("CAST");
        if filter {
            nodes.push(self.value(ValueKind::Bool, scope, 1));
        }
        let filtered = match filter {
            true => format!("{call} FILTER (WHERE {{}})"),
            false => call,
        };
        // PostgreSQL rounds after each row, so the deviation of equal numbers is not exactly zero there. Such a digit must not
        // affect a key or condition.
        let computed = ["sum", "avg", "stddev_samp", "var_pop"];
        if kind == ValueKind::Float && computed.iter().any(|name| filtered.starts_with(name)) {
            return value(
                kind,
                &format!("(round(({filtered}) * 1048576) / 1048576)"),
                nodes,
            );
        }
        value(kind, &filtered, nodes)
    }

    /// Window call whose order is total where ties would matter.
    fn window(&mut self, kind: ValueKind, scope: &Scope) -> Node {
        let keys: Vec<String> = scope
            .relations
            .iter()
            .map(|relation| format!("{}.k", relation.alias))
            .collect();
        let keys = keys.join(", ");
        let partition = match self.chance(0.5) {
            true => {
                let of = self.kind();
                let by = self.value(of, scope, 0);
                format!("PARTITION BY {by} ")
            }
            false => String::new(),
        };
        let of = self.kind();
        let first = self.value(of, scope, 0);
        let direction = self.one(&["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]);
        let total = format!("{partition}ORDER BY {first}{direction}, {keys}");
        let loose = format!("{partition}ORDER BY {first}{direction}");
        let rows = self.one(&[
            "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
            "ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING",
            "ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
            "ROWS UNBOUNDED PRECEDING",
            "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
            "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
            "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
        ]);
        let spans = self.one(&[
            "RANGE BETWEEN 1 PRECEDING AND CURRENT ROW",
            "RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING",
            "RANGE BETWEEN 2 FOLLOWING AND UNBOUNDED FOLLOWING",
        ]);
        if kind == ValueKind::Int && self.chance(0.6) {
            let (call, over) = match self.below(7) {
                6 => {
                    let name = self.one(&["g", "id"]);
                    let column = match scope.merged.iter().any(|(merged, _)| merged == name) {
                        true => name.to_owned(),
                        false => format!("{}.{name}", scope.relations[0].alias),
                    };
                    let call = self
                        .one(&["count(*)", "min(#)", "count(DISTINCT #)"])
                        .replace('#', &column);
                    let call = if call.contains("DISTINCT") {
                        "count(*)".to_owned()
                    } else {
                        call
                    };
                    (
                        call,
                        format!("{partition}ORDER BY {column}{direction} {spans}"),
                    )
                }
                0 => ("row_number()".to_owned(), total),
                1 => ("rank()".to_owned(), loose),
                2 => ("dense_rank()".to_owned(), loose),
                3 => ("ntile(3)".to_owned(), total),
                4 => ("count(*)".to_owned(), loose),
                _ => {
                    let arg = self.value(ValueKind::Int, scope, 1);
                    (
                        format!("CAST(sum({arg}) OVER ({total} {rows}) AS BIGINT)"),
                        String::new(),
                    )
                }
            };
            return match over.is_empty() {
                true => value(kind, &call, Vec::new()),
                false => value(kind, &format!("{call} OVER ({over})"), Vec::new()),
            };
        }
        if kind == ValueKind::Float && self.chance(0.3) {
            let call = self.one(&["percent_rank()", "cume_dist()"]);
            return value(kind, &format!("{call} OVER ({loose})"), Vec::new());
        }
        let arg = self.value(kind, scope, 1);
        let call = match self.below(7) {
            0 => format!("lag({arg}) OVER ({total})"),
            1 => format!("lead({arg}, 2) OVER ({total})"),
            2 => format!("lag({arg}, 1, {}) OVER ({total})", self.literal(kind)),
            3 => format!("first_value({arg}) OVER ({total} {rows})"),
            4 => format!("last_value({arg}) OVER ({total} {rows})"),
            5 => format!("nth_value({arg}, 2) OVER ({total} {rows})"),
            _ => match kind {
                ValueKind::Bool => format!("bool_or({arg}) OVER ({total} {rows})"),
                _ => format!("max({arg}) OVER ({total} {rows})"),
            },
        };
        value(kind, &call, Vec::new())
    }

    fn from(&mut self, around: &Scope, depth: u32) -> FromClause {
        let mut from = self.relation(around, depth);
        let joins = self.one(&[0, 0, 0, 1, 1, 2]);
        let is_table = from.scope.relations.iter().all(ScopeRelation::has_key);
        let by_names = is_table && self.chance(0.15);
        let names = self.one(&[
            &["g"] as &[&str],
            &["id"],
            &["g", "id"],
            &["s"],
            &["x", "d"],
        ]);
        for _ in 0..joins {
            let next = self.relation(around, 0);
            let scope = Scope {
                relations: from
                    .scope
                    .relations
                    .iter()
                    .chain(&next.scope.relations)
                    .cloned()
                    .collect(),
                merged: Vec::new(),
                outer: around.outer.clone(),
            };
            if by_names {
                let kind = self.one(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
                let list = names.join(", ");
                let node = Node::of(
                    NodeKind::Other,
                    &format!("{{}} {kind} {{}} USING ({list})"),
                    vec![from.node, next.node],
                );
                from = FromClause {
                    node,
                    scope: scope.merge(names),
                };
                continue;
            }
            let node = match self.below(9) {
                0 | 1 => Node::of(
                    NodeKind::Other,
                    "{} CROSS JOIN {}",
                    vec![from.node, next.node],
                ),
                at => {
                    let kind = match at {
                        2 | 3 => "JOIN",
                        4 | 5 => "LEFT JOIN",
                        6 => "RIGHT JOIN",
                        _ => "FULL JOIN",
                    };
                    // PostgreSQL supports FULL JOIN with equalities alone.
                    let condition = match kind {
                        "FULL JOIN" => self.join_key(&from.scope, &next.scope),
                        _ => self.join_condition(&from.scope, &next.scope),
                    };
                    Node::of(
                        NodeKind::Other,
                        &format!("{{}} {kind} {{}} ON {{}}"),
                        vec![from.node, next.node, condition],
                    )
                }
            };
            from = FromClause { node, scope };
        }
        from
    }

    fn relation(&mut self, around: &Scope, depth: u32) -> FromClause {
        let alias = self.next_alias();
        if depth > 0 && self.chance(0.2) {
            let kinds: Vec<ValueKind> = (0..2).map(|_| self.kind()).collect();
            // A derived table can't refer to its neighbours, but to the outer query.
            let query = self.query(&kinds, around, depth - 1);
            let columns = kinds
                .iter()
                .enumerate()
                .map(|(at, kind)| (format!("c{at}"), *kind));
            let scope = Scope {
                relations: vec![ScopeRelation {
                    alias: alias.clone(),
                    columns: columns.collect(),
                }],
                merged: Vec::new(),
                outer: around.outer.clone(),
            };
            let node = Node::of(
                NodeKind::Other,
                &format!("({{}}) AS {alias}(c0, c1)"),
                vec![query],
            );
            return FromClause { node, scope };
        }
        let (city, table) = self.one(&TABLES);
        FromClause {
            node: other(format!("{city}.{table} AS {alias}")),
            scope: Scope {
                relations: vec![ScopeRelation::of_table(alias)],
                merged: Vec::new(),
                outer: around.outer.clone(),
            },
        }
    }
}

/// Checks for a qualified column such as `r7.k` in a text.
fn names_column(text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '.');
    words.any(|word| {
        word.split_once('.').is_some_and(|(relation, _)| {
            let number = relation.strip_prefix('r').unwrap_or_default();
            !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
        })
    })
}
