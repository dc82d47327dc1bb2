//! The order in which relations are put together for the fewest rows on the way, by what is known of them.

use std::collections::{BTreeMap, BTreeSet};

/// Of so many relations at most all orders are compared.
pub(super) const MOST: usize = 8;

/// What relations are compared by.
pub(super) struct JoinCardinality {
    /// About how many rows each place has.
    pub(super) rows: Vec<f64>,
    /// The places of each condition, whether it is an equality, and the share of pairs that it leaves.
    pub(super) conditions: Vec<(BTreeSet<usize>, bool, f64)>,
}

impl JoinCardinality {
    /// About how many rows these give together.
    fn together(&self, places: &BTreeSet<usize>) -> f64 {
        let rows = places.iter().filter_map(|place| self.rows.get(*place));
        let within = self.conditions.iter().filter(|one| one.0.is_subset(places));
        let shares = within.map(|(_, _, share)| share);
        rows.product::<f64>() * shares.product::<f64>()
    }

    /// About how many rows are held on the way in this order: what stands before each but the first.
    pub(super) fn rows_held(&self, order: &[usize]) -> f64 {
        let before = (1..order.len()).map(|count| order.iter().take(count).copied().collect());
        before
            .map(|placed: BTreeSet<usize>| self.together(&placed))
            .sum()
    }

    /// Whether one is compared with those that are placed, and with no other.
    pub(super) fn fits(&self, place: usize, placed: &BTreeSet<usize>) -> bool {
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
pub(super) fn cheapest_order(inner: &[usize], cardinality: &JoinCardinality) -> Vec<usize> {
    let mut ways: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> =
        BTreeMap::from([(BTreeSet::new(), (0.0, Vec::new()))]);
    for _ in inner {
        let mut longer: BTreeMap<BTreeSet<usize>, (f64, Vec<usize>)> = BTreeMap::new();
        for (placed, (held, order)) in &ways {
            let before = if placed.is_empty() {
                0.0
            } else {
                cardinality.together(placed)
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

    /// The relations of question 5 of TPC-H at a tenth of its size, as the text names them.
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
        // Beside the order of the text, in which suppliers meet customers by their nation.
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
