//! The state of `approx_median` and `approx_percentile_cont`: means of neighbouring values and how many each stands for, after
//! Dunning's t-digest, at most some hundred of them. The fewer values there are at a place, and the nearer it is to either end,
//! the fewer each mean stands for: none for more than about a fiftieth of all.
//!
//! Version 1 as bytes: one for what follows; the least value where the first mean is another, the greatest where the last is;
//! the means in order; how many each stands for, unless all are single values. All numbers are floating-point, the lesser byte
//! first. Count and sum follow from these and are not told.

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, internal_datafusion_err};
use datafusion_functions_aggregate_common::tdigest::{Centroid, DEFAULT_MAX_SIZE, TDigest};

/// The most means of a state: twice of what one can come to, so that the rule of another release still fits.
const MOST: usize = DEFAULT_MAX_SIZE * 2;

/// The most states that are put together to one.
const MOST_STATES: usize = 4_096;

/// More values than this can't be counted by ones.
const VALUES: f64 = 9_007_199_254_740_992.0;

const LEAST: u8 = 1;
const GREATEST: u8 = 2;
const MANY: u8 = 4;

/// The types of values of which there are percentiles.
pub(super) const fn takes(kind: &DataType) -> bool {
    matches!(kind, DataType::Float64)
}

/// Values, and states of others.
#[derive(Debug)]
pub(super) struct Digest {
    own: TDigest,
    /// Put together when all are there, since the last digits depend on the order.
    others: Vec<Vec<u8>>,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            own: TDigest::new(DEFAULT_MAX_SIZE),
            others: Vec::new(),
        }
    }
}

impl Digest {
    /// Takes values in; NULL is none.
    pub(super) fn add(&mut self, values: &ArrayRef) -> Result<()> {
        let values = values
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| internal_datafusion_err!("percentiles of another type"))?;
        self.own = self
            .own
            .merge_unsorted_f64(values.iter().flatten().collect());
        Ok(())
    }

    /// Takes a state in, if it is one.
    pub(super) fn merge(&mut self, state: &[u8]) -> Option<()> {
        read(state)?;
        // One comes from each participant: more are of somebody who sends what was not asked for.
        if self.others.len() >= MOST_STATES {
            return None;
        }
        self.others.push(state.to_vec());
        Some(())
    }

    /// The states of what is there, in an order that does not depend on that in which they came.
    pub(super) fn parts(&self) -> Vec<Vec<u8>> {
        let mut parts = self.others.clone();
        parts.extend(write(&self.own));
        parts.sort();
        parts
    }

    /// The state of all; nothing where there was no value.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        write(&self.whole()?)
    }

    /// The value below which such a share of all is; nothing where there was no value.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        self.whole().map(|whole| whole.estimate_quantile(share))
    }

    /// Bytes that it holds beside itself.
    pub(super) fn held(&self) -> usize {
        let others = self.others.iter().map(Vec::capacity);
        let all = self.others.capacity().saturating_mul(size_of::<Vec<u8>>());
        others.fold(all.saturating_add(self.own.size()), usize::saturating_add)
    }

    fn whole(&self) -> Option<TDigest> {
        let parts: Vec<TDigest> = self.parts().iter().filter_map(|part| read(part)).collect();
        match parts.as_slice() {
            [] => None,
            // Put together with nothing, means would be drawn together once more.
            [one] => Some(one.clone()),
            parts => Some(TDigest::merge_digests(parts)),
        }
    }
}

fn write(digest: &TDigest) -> Option<Vec<u8>> {
    let means = digest.centroids();
    let (first, last) = (means.first()?, means.last()?);
    let same = |one: f64, other: f64| one.to_bits() == other.to_bits();
    let mut what = 0;
    let mut numbers = Vec::new();
    if !same(digest.min(), first.mean()) {
        what |= LEAST;
        numbers.push(digest.min());
    }
    if !same(digest.max(), last.mean()) {
        what |= GREATEST;
        numbers.push(digest.max());
    }
    numbers.extend(means.iter().map(Centroid::mean));
    if !means.iter().all(|mean| same(mean.weight(), 1.0)) {
        what |= MANY;
        numbers.extend(means.iter().map(Centroid::weight));
    }
    let numbers = numbers.into_iter().flat_map(f64::to_le_bytes);
    Some(std::iter::once(what).chain(numbers).collect())
}

/// The digest of a state, if it is one. Values that are no numbers may be among those of a participant; they stand in order.
fn read(state: &[u8]) -> Option<TDigest> {
    let (what, numbers) = state.split_first()?;
    let (numbers, rest) = numbers.as_chunks::<8>();
    let known = *what & !(LEAST | GREATEST | MANY) == 0;
    if !known || !rest.is_empty() || numbers.len() > MOST.saturating_mul(2).saturating_add(2) {
        return None;
    }
    let mut numbers = numbers.iter().copied().map(f64::from_le_bytes);
    let has = |flag: u8| *what & flag != 0;
    let least = if has(LEAST) {
        Some(numbers.next()?)
    } else {
        None
    };
    let greatest = if has(GREATEST) {
        Some(numbers.next()?)
    } else {
        None
    };
    let numbers: Vec<f64> = numbers.collect();
    let centroids: Vec<Centroid> = if has(MANY) {
        if !numbers.len().is_multiple_of(2) {
            return None;
        }
        let (means, weights) = numbers.split_at(numbers.len() / 2);
        let pairs = means.iter().zip(weights);
        pairs
            .map(|(mean, weight)| Centroid::new(*mean, *weight))
            .collect()
    } else {
        let singles = numbers.iter();
        singles.map(|mean| Centroid::new(*mean, 1.0)).collect()
    };
    let (first, last) = (centroids.first()?.mean(), centroids.last()?.mean());
    let whole = |mean: &Centroid| mean.weight() >= 1.0 && mean.weight().fract() == 0.0;
    let count: f64 = centroids.iter().map(Centroid::weight).sum();
    if centroids.len() > MOST || !centroids.iter().all(whole) || count > VALUES {
        return None;
    }
    let sum = centroids.iter().map(|mean| mean.mean() * mean.weight());
    // Refuses means out of order, and a least above the greatest.
    TDigest::try_from_parts(
        DEFAULT_MAX_SIZE,
        sum.sum(),
        count,
        greatest.unwrap_or(last),
        least.unwrap_or(first),
        centroids,
    )
    .ok()
}
