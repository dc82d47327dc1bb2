//! Syntax tree of a statement, which can be reduced while a difference remains.

use super::random_tables::ValueKind;
use std::fmt;

/// Kind of a node. A node can be replaced by another one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Value(ValueKind),
    Query,
    /// Node that is never replaced.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Node(Node),
    /// Node that is removed if the difference remains without it.
    Optional(Node),
}

impl Node {
    /// Node without children.
    pub(super) fn text(kind: NodeKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            parts: vec![Part::Text(text.into())],
        }
    }

    /// Node from a template with a child at each `{}` and an optional child at each `[]`.
    pub(super) fn of(kind: NodeKind, template: &str, nodes: Vec<Self>) -> Self {
        let mut parts = Vec::new();
        let mut nodes = nodes.into_iter();
        let mut rest = template;
        while let Some(at) = rest.find("{}").into_iter().chain(rest.find("[]")).min() {
            parts.push(Part::Text(rest[..at].to_owned()));
            let node = nodes.next().expect("a node for each place");
            parts.push(match &rest[at..at + 2] {
                "{}" => Part::Node(node),
                _ => Part::Optional(node),
            });
            rest = &rest[at + 2..];
        }
        parts.push(Part::Text(rest.to_owned()));
        assert!(nodes.next().is_none(), "more nodes than places: {template}");
        Self { kind, parts }
    }

    /// List of nodes with a separator. All nodes but the first are optional.
    pub(super) fn list(nodes: Vec<Self>, between: &str) -> Self {
        let mut parts = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            if at == 0 {
                parts.push(Part::Node(node));
            } else {
                let behind = format!("{between}{{}}");
                parts.push(Part::Optional(Self::of(
                    NodeKind::Other,
                    &behind,
                    vec![node],
                )));
            }
        }
        Self {
            kind: NodeKind::Other,
            parts,
        }
    }

    /// Trees with one reduction each.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        if let NodeKind::Value(kind) = self.kind {
            let simple = Self::text(self.kind, kind.simple());
            if simple.to_string() != self.to_string() {
                all.push(simple);
            }
        }
        self.descendants(&mut |node| {
            if node.kind == self.kind && node.kind != NodeKind::Other {
                all.push(node.clone());
            }
        });
        for (at, part) in self.parts.iter().enumerate() {
            let node = match part {
                Part::Text(_) => continue,
                Part::Optional(node) => {
                    let mut without = self.clone();
                    without.parts.remove(at);
                    all.push(without);
                    node
                }
                Part::Node(node) => node,
            };
            for smaller in node.smaller() {
                let mut changed = self.clone();
                changed.parts[at] = match part {
                    Part::Optional(_) => Part::Optional(smaller),
                    _ => Part::Node(smaller),
                };
                all.push(changed);
            }
        }
        all
    }

    fn descendants(&self, see: &mut impl FnMut(&Self)) {
        for part in &self.parts {
            if let Part::Node(node) | Part::Optional(node) = part {
                see(node);
                node.descendants(see);
            }
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Node(node) | Part::Optional(node) => node.fmt(f)?,
            }
        }
        Ok(())
    }
}
