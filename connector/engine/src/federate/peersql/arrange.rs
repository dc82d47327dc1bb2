//! The order in which relations stand after FROM, and which condition stands where.

use crate::federate::estimate;
use crate::federate::select::{Body, Item, Kind, Select, moved, places};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use std::collections::{BTreeMap, BTreeSet};

/// Relations that fit each other side by side, what is put to them after that, and each condition as early as it can be.
///
/// A condition over several relations stands in ON, so that whoever reads the text sees over what they are joined.
pub(super) fn arranged(query: Select) -> Select {
    if query.from.len() < 2 {
        return query;
    }
    let order = order(&query);
    let to = |old: usize| order.iter().position(|place| *place == old);
    let renamed = |exprs: Vec<Expr>| -> Vec<Expr> {
        exprs.into_iter().map(|expr| moved(expr, &to)).collect()
    };
    let mut from: Vec<Item> = order
        .iter()
        .filter_map(|old| query.from.get(*old))
        .map(|item| Item {
            on: renamed(item.on.clone()),
            ..item.clone()
        })
        .collect();
    let mut conjuncts = Vec::new();
    for conjunct in renamed(query.conjuncts) {
        let used = places(&conjunct);
        let inner = |place: &usize| {
            let item = from.get(*place);
            item.is_some_and(|item| item.kind == Kind::Inner)
        };
        let last = used.iter().next_back().copied().filter(|_| used.len() > 1);
        match last.filter(|_| used.iter().all(inner)) {
            Some(last) => {
                if let Some(item) = from.get_mut(last) {
                    item.on.push(conjunct);
                }
            }
            None => conjuncts.push(conjunct),
        }
    }
    for item in &mut from {
        item.on.sort_by_key(ToString::to_string);
    }
    let body = match query.body {
        Body::Rows { outputs, order } => Body::Rows {
            outputs: renamed(outputs),
            order,
        },
        Body::Groups { keys, partials } => Body::Groups {
            keys: renamed(keys),
            partials: renamed(partials),
        },
    };
    Select {
        from,
        conjuncts,
        body,
        limit: query.limit,
    }
}

/// The places in their new order: of relations that are compared with each other the few rows first, then what is put to them.
///
/// Whoever answers puts them together in the order of the text, holds what stands before and reads what comes next against it.
fn order(query: &Select) -> Vec<usize> {
    let of_kind = |inner: bool| {
        let items = query.from.iter().enumerate();
        items
            .filter(move |(_, item)| (item.kind == Kind::Inner) == inner)
            .map(|(place, _)| place)
    };
    let inner: Vec<usize> = of_kind(true).collect();
    let met = Met::of(query);
    let mut placed = if inner.len() <= MOST {
        fewest(&inner, &met)
    } else {
        neighbours(inner, &met)
    };
    placed.extend(of_kind(false));
    placed
}

/// Of so many relations at most all orders are compared; of more each is put beside one that it is compared with.
const MOST: usize = 8;

/// What relations are compared by.
struct Met {
    /// About how many rows each place has.
    rows: Vec<f64>,
    /// The places of each condition, whether it is an equality, and the share of pairs that it leaves.
    conditions: Vec<(BTreeSet<usize>, bool, f64)>,
}

impl Met {
    fn of(query: &Select) -> Self {
        let from = &query.from;
        let condition = |one: &Expr| (places(one), is_equal(one), estimate::share(from, one));
        Self {
            rows: from.iter().map(estimate::size).collect(),
            conditions: query.conjuncts.iter().map(condition).collect(),
        }
    }

    /// About how many rows these give together.
    fn together(&self, places: &BTreeSet<usize>) -> f64 {
        let rows = places.iter().filter_map(|place| self.rows.get(*place));
        let within = self.conditions.iter().filter(|one| one.0.is_subset(places));
        let shares = within.map(|(_, _, share)| share);
        rows.product::<f64>() * shares.product::<f64>()
    }

    /// Whether one is compared with those that are placed, and with no other.
    fn fits(&self, place: usize, placed: &BTreeSet<usize>) -> bool {
        let mut equalities = self.conditions.iter().filter(|(_, is_equal, _)| *is_equal);
        equalities.any(|(used, _, _)| {
            used.len() > 1
                && used.contains(&place)
                && used.iter().all(|at| *at == place || placed.contains(at))
        })
    }

    /// Those that can stand next.
    fn next<'p>(&self, left: &'p [usize], placed: &BTreeSet<usize>) -> Vec<&'p usize> {
        let left = || left.iter().filter(|place| !placed.contains(place));
        let fit: Vec<&usize> = left().filter(|place| self.fits(**place, placed)).collect();
        if fit.is_empty() {
            left().collect()
        } else {
            fit
        }
    }
}

/// The order in which the fewest rows are held on the way, by what is known of them.
fn fewest(inner: &[usize], met: &Met) -> Vec<usize> {
    let mut ways: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> =
        BTreeMap::from([(BTreeSet::new(), (0.0, Vec::new()))]);
    for _ in inner {
        let mut longer: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> = BTreeMap::new();
        for (placed, (held, order)) in &ways {
            let before = if placed.is_empty() {
                0.0
            } else {
                met.together(placed)
            };
            let held = held + before;
            for place in met.next(inner, placed) {
                let mut placed = placed.clone();
                placed.insert(*place);
                if longer.get(&placed).is_none_or(|known| held < known.0) {
                    let order = order.iter().chain([place]).copied().collect();
                    longer.insert(placed, (held, order));
                }
            }
        }
        ways = longer;
    }
    ways.into_values()
        .map(|(_, order)| order)
        .next()
        .unwrap_or_default()
}

/// Each relation beside one that it is compared with, where there is one, as they come.
fn neighbours(mut left: Vec<usize>, met: &Met) -> Vec<usize> {
    let (mut order, mut placed) = (Vec::new(), BTreeSet::new());
    while !left.is_empty() {
        let at = left.iter().position(|place| met.fits(*place, &placed));
        let place = left.remove(at.unwrap_or(0));
        placed.insert(place);
        order.push(place);
    }
    order
}

const fn is_equal(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::BinaryExpr(BinaryExpr {
            op: Operator::Eq,
            ..
        })
    )
}

#[cfg(test)]
mod tests {
    use super::{Met, fewest};
    use std::collections::BTreeSet;

    /// Rows that are held on the way.
    fn held(order: &[usize], met: &Met) -> f64 {
        let before = (1..order.len()).map(|count| order.iter().take(count).copied().collect());
        before
            .map(|placed: BTreeSet<usize>| met.together(&placed))
            .sum()
    }

    fn orders(left: &[usize]) -> Vec<Vec<usize>> {
        if left.is_empty() {
            return vec![Vec::new()];
        }
        let first = left.iter().enumerate();
        first
            .flat_map(|(at, place)| {
                let mut rest = left.to_vec();
                rest.remove(at);
                let rest = orders(&rest).into_iter();
                rest.map(|rest| [vec![*place], rest].concat())
            })
            .collect()
    }

    /// The relations of question 5 of TPC-H at a tenth of its size, as the text names them.
    fn fifth() -> Met {
        let equal = |one: usize, other: usize, values: f64| {
            (BTreeSet::from([one, other]), true, 1.0 / values)
        };
        let (customer, orders, lines, supplier, nation, region) = (0, 1, 2, 3, 4, 5);
        Met {
            rows: vec![15e3, 150e3, 600e3, 1e3, 25.0, 5.0],
            conditions: vec![
                equal(customer, orders, 15e3),
                equal(lines, orders, 150e3),
                equal(lines, supplier, 1e3),
                equal(customer, supplier, 25.0),
                equal(supplier, nation, 25.0),
                equal(nation, region, 5.0),
                (BTreeSet::from([region]), true, 0.2),
                (BTreeSet::from([orders]), false, 1.0 / 9.0),
            ],
        }
    }

    #[test]
    fn fewer_rows_are_held_in_no_other_order() {
        let met = fifth();
        let places: Vec<usize> = (0..met.rows.len()).collect();
        let found = fewest(&places, &met);
        let connected = |order: &Vec<usize>| {
            (1..order.len()).all(|count| {
                let placed: BTreeSet<usize> = order.iter().take(count).copied().collect();
                order
                    .get(count)
                    .is_some_and(|next| met.fits(*next, &placed))
            })
        };
        assert!(connected(&found), "{found:?}");
        let least = orders(&places).into_iter().filter(connected);
        let least = least
            .map(|order| held(&order, &met))
            .fold(f64::MAX, f64::min);
        assert!((held(&found, &met) - least).abs() < 1e-6, "{found:?}");
        // Beside the order of the text, in which suppliers meet customers by their nation.
        assert!(least * 10.0 < held(&[0, 3, 1, 2, 4, 5], &met));
    }

    #[test]
    fn what_is_compared_with_nothing_stands_somewhere_all_the_same() {
        let met = Met {
            rows: vec![10.0, 5.0, 7.0],
            conditions: Vec::new(),
        };
        assert_eq!(fewest(&[0, 1, 2], &met), [1, 2, 0]);
    }
}
