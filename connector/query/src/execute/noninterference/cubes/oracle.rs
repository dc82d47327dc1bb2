//! Oracle of the published trips, computed from the definition of a cube.

use super::*;

impl CubeCase {
    pub(super) fn count_units<'a>(&self, trips: impl Iterator<Item = &'a CubeTrip>) -> usize {
        if self.by_device {
            trips
                .filter_map(|trip| trip.device)
                .collect::<BTreeSet<_>>()
                .len()
        } else {
            trips.count()
        }
    }

    /// Checks that the durations of a cell are shown: enough units have a duration, and no few units dominate the total.
    pub(super) fn shows_durations(&self, trips: &[&CubeTrip]) -> bool {
        let least = usize::try_from(self.at_least).unwrap();
        let with = trips.iter().copied().filter(|t| t.duration.is_some());
        if self.count_units(with) < least {
            return false;
        }
        let mut parts: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        for trip in trips {
            if let Some(duration) = trip.duration {
                *parts.entry(trip.device).or_default() += duration.abs();
            }
        }
        let mut parts: Vec<i64> = parts.into_values().collect();
        parts.sort_unstable_by(|one, other| other.cmp(one));
        let sum = |parts: &[i64]| parts.iter().sum::<i64>();
        match self.dominance {
            None => true,
            Some(DominanceRule::P(p)) => {
                let rest = sum(parts.get(2..).unwrap_or_default());
                let first = parts.first().copied().unwrap_or_default();
                rest * 100 >= first * i64::from(p)
            }
            Some(DominanceRule::Nk { n, k }) => {
                let most = usize::try_from(n).unwrap().min(parts.len());
                sum(&parts[..most]) * 100 <= sum(&parts) * i64::from(k)
            }
        }
    }

    /// Checks that the squares of a cell are shown: after removal of any three units, the remaining values must still differ.
    pub(super) fn shows_squares(
        &self,
        trips: &[&CubeTrip],
        value: fn(&CubeTrip) -> Option<f64>,
    ) -> bool {
        if self.at_least == 1 {
            return true;
        }
        let squares = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|one| (one - mean).powi(2)).sum::<f64>()
        };
        let mut values: Vec<(Option<i64>, f64)> = trips
            .iter()
            .filter_map(|trip| Some((trip.device, value(trip)?)))
            .collect();
        values.sort_by(|one, other| one.1.total_cmp(&other.1));
        let all = squares(&values.iter().map(|one| one.1).collect::<Vec<_>>());
        let mut stay: Vec<Vec<f64>> = Vec::new();
        if self.by_device {
            let units: BTreeSet<Option<i64>> = values.iter().map(|one| one.0).collect();
            let units: Vec<_> = units.into_iter().collect();
            for out in 0..1_usize << units.len() {
                if out.count_ones() == 3 {
                    let goes = |unit| units.iter().position(|one| *one == unit).unwrap();
                    let rest = values.iter().filter(|one| out >> goes(one.0) & 1 == 0);
                    stay.push(rest.map(|one| one.1).collect());
                }
            }
        } else if values.len() > 3 {
            // The remaining values with the least spread are neighbours in the sorted order.
            for low in 0..=3 {
                let rest = &values[low..values.len() - 3 + low];
                stay.push(rest.iter().map(|one| one.1).collect());
            }
        }
        all > 0.0
            && !stay.is_empty()
            && stay
                .iter()
                .all(|rest| !rest.is_empty() && squares(rest) > all * 0.099_999_999_9)
    }

    /// Trips that count: those of published cells, with the measures that are published.
    pub(super) fn published_trips(&self, trips: &[CubeTrip]) -> Vec<CubeTrip> {
        let mut cells: BTreeMap<DistrictHourCell, Vec<&CubeTrip>> = BTreeMap::new();
        for trip in trips {
            cells.entry(self.cell(trip)).or_default().push(trip);
        }
        let least = usize::try_from(self.at_least).unwrap();
        let mut kept = Vec::new();
        for ((district, at), trips) in cells {
            if self.count_units(trips.iter().copied()) < least {
                continue;
            }
            let fares =
                self.count_units(trips.iter().copied().filter(|t| t.fare.is_some())) >= least;
            let durations = self.shows_durations(&trips);
            let spread = |value: fn(&CubeTrip) -> Option<f64>| self.shows_squares(&trips, value);
            let wide = (
                fares && spread(|trip| trip.fare),
                durations && spread(|trip| trip.duration.map(|value| value as f64)),
            );
            kept.extend(trips.iter().map(|trip| CubeTrip {
                district: district.clone(),
                at,
                device: None,
                fare: trip.fare.filter(|_| fares),
                duration: trip.duration.filter(|_| durations),
                spread: (
                    trip.fare.filter(|_| wide.0),
                    trip.duration.filter(|_| wide.1),
                ),
            }));
        }
        kept
    }
}
