//! State of `approx_median` and `approx_percentile_cont`: counts of values in a bounded number of buckets whose width grows with
//! the values (DDSketch: Masson, Rim and Lee 2019, with the uniform collapse of UDDSketch: Epicoco et al. 2020). It contains
//! integers alone and depends on the values alone, not on their order or their division into batches and participants. The merge of
//! states is associative and commutative.
//!
//! A bucket contains the numbers with equal sign, exponent and first eight bits of the significand (IEEE 754-2019, section 3.4). No
//! logarithm is needed, whose result could differ between machines. A bucket is represented by its boundary nearer to zero, so the
//! error is below 1/256 of the number, towards zero. Numbers with at most nine significant bits, such as integers up to 512, are
//! exact, and so are the minimum and the maximum. If the values need more than [`MOST`] buckets, all buckets become twice as wide,
//! which halves the accuracy: it is 1/128 for positive values over more than 16 powers of two, 1/64 for more than 32, and so on. A
//! number nearer to zero than the smallest normal number (2.2e-308) counts as zero. Infinities have their own buckets; NaN is above
//! all other values.
//!
//! Format of version 2, with variable-length integers of seven bits for each byte, in little-endian order: one byte with the number
//! of doublings; the number of NaNs; if there are other values, the minimum and the maximum as little-endian floating-point
//! numbers; and for each bucket its distance from the previous one (for the first bucket its number with the sign in the lowest
//! bit) and its number of values. Version 1 was a t-digest, which depends on the order of the values.

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, internal_datafusion_err};
use hansa_enforcement::superaccumulator::float_parts;

/// Maximum number of buckets, including the one for NaN. With the greatest width no sketch has more.
const MOST: usize = 4_096;

/// Maximum number of doublings. A bucket then contains all numbers between two powers of two.
const WIDEST: u8 = 8;

/// Number of low bits that do not affect the bucket.
const DROPPED: u32 = 52 - 8;

/// Bucket of infinity.
const INFINITE: i32 = 0x7ff << 8;

/// Smallest bucket above that of zero.
const LEAST_NORMAL: i32 = 1 << 8;

/// Maximum number of values that can be counted.
const VALUES: u64 = 1 << 53;

/// Checks for a value type with percentiles.
pub(super) const fn accepts_type(kind: &DataType) -> bool {
    matches!(kind, DataType::Float64)
}

/// Counts of values by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct QuantileSketch {
    /// Number of doublings.
    doubled: u8,
    /// Non-empty buckets with their counts, in ascending order. Negative numbers have negative bucket numbers.
    buckets: Vec<(i32, u64)>,
    /// Minimum and maximum.
    ends: Option<(f64, f64)>,
    /// Number of NaNs.
    none: u64,
}

impl QuantileSketch {
    /// Adds values. NULLs are ignored.
    pub(super) fn add(&mut self, values: &ArrayRef) -> Result<()> {
        let values = values
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| internal_datafusion_err!("percentiles of another type"))?;
        let mut found = Vec::with_capacity(values.len());
        for value in values.iter().flatten() {
            if value.is_nan() {
                self.none = self.none.saturating_add(1);
                continue;
            }
            let value = flush_subnormal(value);
            found.push(widen_bucket(initial_bucket(value), self.doubled));
            self.stretch(value, value);
        }
        found.sort_unstable();
        let found = found.chunk_by(i32::eq).filter_map(|same| {
            let count = u64::try_from(same.len()).ok()?;
            Some((*same.first()?, count))
        });
        self.gather(found.collect());
        Ok(())
    }

    /// Merges a state. Returns `None` if it is malformed.
    pub(super) fn merge(&mut self, state: &[u8]) -> Option<()> {
        let mut other = read_sketch(state)?;
        if self.count().checked_add(other.count())? > VALUES {
            return None;
        }
        let doubled = self.doubled.max(other.doubled);
        self.widen(doubled);
        other.widen(doubled);
        self.none = self.none.saturating_add(other.none);
        if let Some((least, greatest)) = other.ends {
            self.stretch(least, greatest);
        }
        self.gather(other.buckets);
        Some(())
    }

    /// Serialises the state. Returns `None` if there was no value.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        if self.count() == 0 {
            return None;
        }
        let mut out = vec![self.doubled];
        put_integer(&mut out, self.none);
        if let Some((least, greatest)) = self.ends {
            out.extend(least.to_le_bytes());
            out.extend(greatest.to_le_bytes());
        }
        let mut before = None;
        for (bucket, count) in &self.buckets {
            put_integer(
                &mut out,
                match before {
                    None => encode_bucket(*bucket),
                    Some(before) => u64::from(bucket.abs_diff(before)),
                },
            );
            put_integer(&mut out, *count);
            before = Some(*bucket);
        }
        Some(out)
    }

    /// Value at a share, in ascending or descending order. `None` if there was no value.
    pub(super) fn quantile(&self, share: f64, descends: bool) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let place = share_rank(share, last);
        // Zero-based rank in ascending order.
        let place = if descends { last - place } else { place };
        let Some((least, greatest)) = self.ends else {
            return Some(f64::NAN);
        };
        if place == 0 {
            return Some(least);
        }
        let mut before = 0_u64;
        for (bucket, count) in &self.buckets {
            before = before.saturating_add(*count);
            if before > place {
                let is_last = before.saturating_sub(1) <= place;
                // The maximum of all numbers is exact.
                let last = self.buckets.last().is_some_and(|(last, _)| last == bucket);
                return Some(if is_last && last {
                    greatest
                } else {
                    bucket_boundary(*bucket, self.doubled).clamp(least, greatest)
                });
            }
        }
        Some(f64::NAN)
    }

    /// Size of the heap memory, in bytes.
    pub(super) const fn heap_bytes(&self) -> usize {
        self.buckets
            .capacity()
            .saturating_mul(size_of::<(i32, u64)>())
    }

    fn count(&self) -> u64 {
        let counts = self.buckets.iter().map(|(_, count)| *count);
        counts.fold(self.none, u64::saturating_add)
    }

    fn stretch(&mut self, least: f64, greatest: f64) {
        let (from, to) = self.ends.unwrap_or((least, greatest));
        self.ends = Some((from.min(least), to.max(greatest)));
    }

    /// Merges buckets of equal width in ascending order, and doubles the width while there are too many.
    fn gather(&mut self, more: Vec<(i32, u64)>) {
        if self.buckets.is_empty() {
            self.buckets = more;
        } else if !more.is_empty() {
            let known = std::mem::take(&mut self.buckets);
            self.buckets = merge_buckets(known, more);
        }
        while self.bucket_count() > MOST && self.doubled < WIDEST {
            self.widen(self.doubled.saturating_add(1));
        }
    }

    fn bucket_count(&self) -> usize {
        self.buckets
            .len()
            .saturating_add(usize::from(self.none > 0))
    }

    /// Doubles the width up to a number of doublings.
    fn widen(&mut self, doubled: u8) {
        let times = doubled.saturating_sub(self.doubled);
        if times == 0 {
            return;
        }
        self.doubled = doubled;
        let mut wide: Vec<(i32, u64)> = Vec::with_capacity(self.buckets.len());
        for (bucket, count) in std::mem::take(&mut self.buckets) {
            let bucket = widen_bucket(bucket, times);
            match wide.last_mut() {
                Some((last, all)) if *last == bucket => *all = all.saturating_add(count),
                _ => wide.push((bucket, count)),
            }
        }
        self.buckets = wide;
    }
}

/// Merges two lists of buckets.
fn merge_buckets(one: Vec<(i32, u64)>, other: Vec<(i32, u64)>) -> Vec<(i32, u64)> {
    let mut all = Vec::with_capacity(one.len().saturating_add(other.len()));
    let mut one = one.into_iter().peekable();
    let mut other = other.into_iter().peekable();
    loop {
        let first = match (one.peek(), other.peek()) {
            (Some((left, _)), Some((right, _))) if left <= right => one.next(),
            (Some(_), None) => one.next(),
            _ => other.next(),
        };
        let Some((bucket, count)) = first else {
            return all;
        };
        match all.last_mut() {
            Some((last, known)) if *last == bucket => *known = count.saturating_add(*known),
            _ => all.push((bucket, count)),
        }
    }
}

/// Replaces subnormal numbers by zero.
fn flush_subnormal(value: f64) -> f64 {
    if value.abs() < f64::MIN_POSITIVE {
        0.0
    } else {
        value
    }
}

/// Bucket of a number at the initial width.
fn initial_bucket(value: f64) -> i32 {
    let size = i32::try_from(value.abs().to_bits() >> DROPPED).unwrap_or(INFINITE);
    if value < 0.0 { -size } else { size }
}

/// Bucket after a number of doublings.
const fn widen_bucket(bucket: i32, times: u8) -> i32 {
    let size = bucket.abs() >> times;
    if bucket < 0 { -size } else { size }
}

/// Boundary of a bucket nearer to zero.
fn bucket_boundary(bucket: i32, doubled: u8) -> f64 {
    let size = u64::from(bucket.unsigned_abs()) << doubled;
    let size = f64::from_bits(size << DROPPED);
    if bucket < 0 { -size } else { size }
}

/// Rank of a share, from zero to `last`: the share of `last`, rounded down. A decimal share may differ from its floating-point
/// representation by half a unit in the last place, which is tolerated: 0.29 of a hundred is 29.
fn share_rank(share: f64, last: u64) -> u64 {
    let (significand, lowest, _) = float_parts(share);
    let most = (u128::from(significand) * 2 + 1) * u128::from(last);
    // In halves of this unit, as a power of two.
    let down = u32::try_from(1075_u64.saturating_sub(lowest)).unwrap_or(u32::MAX);
    let place = most.checked_shr(down).unwrap_or_default();
    u64::try_from(place).map_or(last, |place| place.min(last))
}

/// Number of a bucket with the sign in the lowest bit.
fn encode_bucket(bucket: i32) -> u64 {
    (u64::from(bucket.unsigned_abs()) << 1) | u64::from(bucket < 0)
}

fn put_integer(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Reads the integer at the start of `bytes` and advances the slice.
fn take_integer(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for at in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        let shifted = part.checked_shl(at * 7)?;
        if shifted >> (at * 7) != part {
            return None;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Sketch of a state, or `None` if it is malformed.
fn read_sketch(state: &[u8]) -> Option<QuantileSketch> {
    let (doubled, mut rest) = state.split_first()?;
    if *doubled > WIDEST {
        return None;
    }
    let mut sketch = QuantileSketch {
        doubled: *doubled,
        none: take_integer(&mut rest)?,
        ..QuantileSketch::default()
    };
    if !rest.is_empty() {
        let (ends, buckets) = rest.split_first_chunk::<16>()?;
        rest = buckets;
        let (least, greatest) = ends.split_first_chunk::<8>()?;
        let least = f64::from_le_bytes(*least);
        let greatest = f64::from_le_bytes(*greatest.first_chunk()?);
        sketch.ends = Some((least, greatest));
        while !rest.is_empty() {
            let number = take_integer(&mut rest)?;
            let bucket = match sketch.buckets.last() {
                None => {
                    let size = i32::try_from(number >> 1).ok()?;
                    if number & 1 == 1 { -size } else { size }
                }
                Some((before, _)) if number > 0 => {
                    before.checked_add(i32::try_from(number).ok()?)?
                }
                Some(_) => return None,
            };
            let count = take_integer(&mut rest)?;
            let size = bucket.abs();
            let is_one =
                size == 0 || (LEAST_NORMAL >> doubled..=INFINITE >> doubled).contains(&size);
            if !is_one || count == 0 || sketch.bucket_count() >= MOST {
                return None;
            }
            sketch.buckets.push((bucket, count));
        }
        let of = |end: f64| {
            (!end.is_nan() && flush_subnormal(end).to_bits() == end.to_bits())
                .then(|| widen_bucket(initial_bucket(end), *doubled))
        };
        let ((first, _), (last, _)) = (sketch.buckets.first()?, sketch.buckets.last()?);
        if of(least)? != *first || of(greatest)? != *last || least > greatest {
            return None;
        }
    }
    let counts = sketch.buckets.iter().map(|(_, count)| *count);
    let all = counts
        .into_iter()
        .try_fold(sketch.none, |all, count| all.checked_add(count))?;
    (1..=VALUES).contains(&all).then_some(sketch)
}

#[cfg(test)]
mod tests;
