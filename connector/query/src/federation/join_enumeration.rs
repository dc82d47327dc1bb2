//! Enumeration of join orders by the estimated number of intermediate rows.

use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of relations for which all orders are compared.
pub(super) const MOST: usize = 8;

/// Estimates for the comparison of join orders.
pub(super) struct JoinCardinality {
    /// Estimated row count of each relation.
    pub(super) rows: Vec<f64>,
    /// Join conditions: their relations, a flag for an equality, and the selectivity.
    pub(super) conditions: Vec<(BTreeSet<usize>, bool, f64)>,
}

impl JoinCardinality {
    /// Estimated row count of the join of these relations.
    fn join_row_count(&self, places: &BTreeSet<usize>) -> f64 {
        let rows = places.iter().filter_map(|place| self.rows.get(*place));
        let within = self.conditions.iter().filter(|one| one.0.is_subset(places));
        let shares = within.map(|(_, _, share)| share);
        rows.product::<f64>() * shares.product::<f64>()
    }

    /// Estimated number of intermediate rows in this order: the input of each join.
    pub(super) fn rows_held(&self, order: &[usize]) -> f64 {
        let before = (1..order.len()).map(|count| order.iter().take(count).copied().collect());
        before
            .map(|placed: BTreeSet<usize>| self.join_row_count(&placed))
            .sum()
    }

    /// Checks that a relation is compared with those already joined, and with no other.
    pub(super) fn fits(&self, place: usize, placed: &BTreeSet<usize>) -> bool {
        let mut equalities = self.conditions.iter().filter(|(_, is_equal, _)| *is_equal);
        equalities.any(|(used, _, _)| {
            used.len() > 1
                && used.contains(&place)
                && used.iter().all(|at| *at == place || placed.contains(at))
        })
    }

    /// Relations that can be joined next.
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

/// Join order with the fewest estimated intermediate rows.
pub(super) fn cheapest_order(inner: &[usize], cardinality: &JoinCardinality) -> Vec<usize> {
    let mut ways: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> =
        BTreeMap::from([(BTreeSet::new(), (0.0, Vec::new()))]);
    for _ in inner {
        let mut longer: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> = BTreeMap::new();
        for (placed, (held, order)) in &ways {
            let before = if placed.is_empty() {
                0.0
            } else {
                cardinality.join_row_count(placed)
            };
            let held = held + before;
            for place in cardinality.next(inner, placed) {
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

#[cfg(test)]
mod tests {
    use super::{JoinCardinality, cheapest_order};
    use std::collections::BTreeSet;

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

    /// Relations of query 5 of TPC-H at scale factor 0.1, in the order of the text.
    fn fifth() -> JoinCardinality {
        let equal = |one: usize, other: usize, values: f64| {
            (BTreeSet::from([one, other]), true, 1.0 / values)
        };
        let (customer, orders, lines, supplier, nation, region) = (0, 1, 2, 3, 4, 5);
        JoinCardinality {
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
        let cardinality = fifth();
        let places: Vec<usize> = (0..cardinality.rows.len()).collect();
        let found = cheapest_order(&places, &cardinality);
        let connected = |order: &Vec<usize>| {
            (1..order.len()).all(|count| {
                let placed: BTreeSet<usize> = order.iter().take(count).copied().collect();
                order
                    .get(count)
                    .is_some_and(|next| cardinality.fits(*next, &placed))
            })
        };
        assert!(connected(&found), "{found:?}");
        let least = orders(&places).into_iter().filter(connected);
        let least = least
            .map(|order| cardinality.rows_held(&order))
            .fold(f64::MAX, f64::min);
        assert!(
            (cardinality.rows_held(&found) - least).abs() < 1e-6,
            "{found:?}"
        );
        // The order of the text joins suppliers and customers by their nation, which gives many rows.
        assert!(least * 10.0 < cardinality.rows_held(&[0, 3, 1, 2, 4, 5]));
    }

    #[test]
    fn what_is_compared_with_nothing_stands_somewhere_all_the_same() {
        let cardinality = JoinCardinality {
            rows: vec![10.0, 5.0, 7.0],
            conditions: Vec::new(),
        };
        assert_eq!(cheapest_order(&[0, 1, 2], &cardinality), [1, 2, 0]);
    }
}
