//! Exact sums of floating-point numbers, rounded once at the end. The result does not depend on the order of the numbers or on
//! partial sums. The last digit of a usual sum discloses the order of the rows. Sums of squares are in [`crate::power_sums`].

use crate::superaccumulator::{
    Superaccumulator, round_to_float, rounded_near, scale_by_power, to_float,
};

/// Exact sum with its result: none for no numbers, and as in the engine for infinities and NaN.
#[derive(Debug, Clone, Default)]
pub struct ExactSum {
    sum: Superaccumulator,
    /// Number of summands. A merged state counts as one.
    count: u64,
    /// Counts of infinities and NaN, where there are any.
    beyond: Option<Box<NonFiniteCounts>>,
}

/// Counts of positive infinities, negative infinities and NaN.
#[derive(Debug, Clone, Copy, Default)]
struct NonFiniteCounts {
    above: u64,
    below: u64,
    none: u64,
}

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        if value.is_finite() {
            self.sum.add(value);
        } else {
            self.count_non_finite(value, |count| count.saturating_add(1));
        }
    }

    /// Removes an added number.
    pub fn remove(&mut self, value: f64) {
        self.count = self.count.saturating_sub(1);
        if value.is_finite() {
            self.sum.add(-value);
        } else {
            self.count_non_finite(value, |count| count.saturating_sub(1));
        }
    }

    fn count_non_finite(&mut self, value: f64, change: impl Fn(u64) -> u64) {
        let beyond = self.beyond.get_or_insert_default();
        let count = if value.is_nan() {
            &mut beyond.none
        } else if value > 0.0 {
            &mut beyond.above
        } else {
            &mut beyond.below
        };
        *count = change(*count);
    }

    /// Sum of the infinities and NaN; zero where there are none.
    fn non_finite_sum(&self) -> f64 {
        let beyond = self.beyond.as_deref().copied().unwrap_or_default();
        if beyond.none > 0 {
            // The canonical NaN, independent of the order of the summands.
            return f64::NAN;
        }
        match (beyond.above > 0, beyond.below > 0) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            (false, true) => f64::NEG_INFINITY,
            (false, false) => 0.0,
        }
    }

    /// Sum, rounded once.
    #[must_use]
    pub fn rounded_value(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let beyond = self.non_finite_sum();
        if beyond != 0.0 {
            return Some(beyond);
        }
        Some(
            match self.sum.to_small_multiple(Superaccumulator::NUMBERS) {
                Some((sum, power)) => rounded_near(sum, power),
                None => {
                    let (sum, power) = self.sum.to_multiple(Superaccumulator::NUMBERS);
                    round_to_float(&sum, power)
                }
            },
        )
    }

    /// Sum divided by a count of numbers. Finite for finite numbers, even if the sum exceeds the range of the type.
    #[must_use]
    pub fn mean(&self, count: u64) -> Option<f64> {
        let reported = self.rounded_value()?;
        if reported.is_finite() || self.non_finite_sum() != 0.0 {
            return Some(reported / to_float(count));
        }
        // The count is at most 2^64, so a quotient of an overflowing sum is finite.
        let (sum, power) = self.sum.to_multiple(Superaccumulator::NUMBERS);
        let mean = round_to_float(&sum, power.saturating_sub(64)) / to_float(count);
        Some(scale_by_power(mean, 64).clamp(-f64::MAX, f64::MAX))
    }

    /// Sum, where a floating-point number holds it exactly. That is so for single numbers, and often for measurements.
    fn number(&self) -> Option<f64> {
        if self.beyond.is_some() {
            return None;
        }
        let (sum, power) = self.sum.to_small_multiple(Superaccumulator::NUMBERS)?;
        let size = sum.unsigned_abs();
        let bits = u128::BITS.saturating_sub(size.leading_zeros() + size.trailing_zeros());
        let number = rounded_near(sum, power);
        (bits <= f64::MANTISSA_DIGITS && number.is_finite()).then_some(number)
    }

    /// Bytes of the state, to be read by [`Self::merge`]; none for no numbers. The bytes of an exact number are those of its sum
    /// alone.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        if let Some(number) = self.number() {
            return (self.count > 0).then(|| number.to_le_bytes().to_vec());
        }
        let mut out = self.non_finite_sum().to_le_bytes().to_vec();
        let digits = self.sum.digits();
        out.extend(digits.flat_map(|(place, digit)| digit_bytes(place, digit)));
        (self.count > 0).then_some(out)
    }

    /// Bytes that [`Self::write`] gives for one number.
    #[must_use]
    pub const fn write_number(value: f64) -> [u8; 8] {
        value.to_le_bytes()
    }

    /// Merges bytes of [`Self::write`]; none for other bytes.
    pub fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        let (beyond, parts) = bytes.split_first_chunk::<8>()?;
        let (parts, []) = parts.as_chunks::<PART>() else {
            return None;
        };
        self.count = self.count.saturating_add(1);
        let beyond = f64::from_le_bytes(*beyond);
        if beyond.is_finite() {
            self.sum.add(beyond);
        } else {
            self.count_non_finite(beyond, |count| count.saturating_add(1));
        }
        for part in parts {
            let (place, digit) = read_digit(part)?;
            // The bytes may come from another machine, and an invalid place could demand any amount of memory.
            if !PLACES.contains(&place) {
                return None;
            }
            self.sum.add_digit(place, digit);
        }
        Some(())
    }

    /// Size of the memory on the heap, bytes.
    #[must_use]
    pub const fn heap_bytes(&self) -> usize {
        let beyond = match self.beyond {
            Some(_) => size_of::<NonFiniteCounts>(),
            None => 0,
        };
        self.sum.heap_bytes() + beyond
    }
}

/// Valid places of digits of finite numbers: the lowest bit of a number is at most 2045 above that of the smallest number, and a
/// number has 53 bits.
const PLACES: std::ops::RangeInclusive<i16> = 0..=66;

/// Size of a written digit, bytes.
const PART: usize = 1 + 4 + 16;

/// Bytes of a digit: a zero, its place and its value.
fn digit_bytes(place: i16, digit: i128) -> [u8; PART] {
    let mut part = [0; PART];
    let bytes = i32::from(place)
        .to_le_bytes()
        .into_iter()
        .chain(digit.to_le_bytes());
    for (slot, byte) in part.iter_mut().skip(1).zip(bytes) {
        *slot = byte;
    }
    part
}

/// Place and value of a digit.
fn read_digit(part: &[u8; PART]) -> Option<(i16, i128)> {
    let (_, rest) = part.split_first()?;
    let (place, digit) = rest.split_first_chunk::<4>()?;
    let digit = i128::from_le_bytes(*digit.first_chunk()?);
    let place = i16::try_from(i32::from_le_bytes(*place)).ok()?;
    Some((place, digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;

    #[test]
    fn sums_are_rounded_once_and_alike_in_every_order() {
        let sum = |values: &[f64]| {
            let mut all = ExactSum::default();
            values.iter().for_each(|value| all.add(*value));
            let mut parts = ExactSum::default();
            for part in values.chunks(3).rev() {
                let mut one = ExactSum::default();
                part.iter().for_each(|value| one.add(*value));
                parts.merge(&one.write().unwrap()).unwrap();
            }
            let (all, parts) = (all.rounded_value(), parts.rounded_value());
            assert_eq!(all.map(f64::to_bits), parts.map(f64::to_bits));
            all
        };
        assert_eq!(sum(&[]), None);
        assert_eq!(ExactSum::default().write(), None);
        assert_eq!(sum(&[0.1, 0.2]), Some(0.1 + 0.2));
        assert_eq!(sum(&[0.1; 10]), Some(1.0));
        assert_eq!(sum(&[1e16, 1.0, -1e16]), Some(1.0));
        assert_eq!(sum(&[1e300, 1e-300, -1e300]), Some(1e-300));
        assert_eq!(sum(&[-1e-300, 3.5, 1e-300]), Some(3.5));
        // Removed numbers leave no rest.
        let mut window = ExactSum::default();
        for value in [0.1, 1e300, f64::INFINITY, f64::NAN, 0.2] {
            window.add(value);
        }
        for value in [1e300, f64::NAN, f64::INFINITY] {
            window.remove(value);
        }
        assert_eq!(window.rounded_value(), Some(0.1 + 0.2));
        // The last bit depends on the cut-off part: 2^53 + 1 and a little more.
        let tie = 9_007_199_254_740_992.0;
        assert_eq!(sum(&[tie, 1.0]), Some(tie));
        assert_eq!(sum(&[tie, 1.0, 1e-300]), Some(tie + 2.0));
        assert_eq!(sum(&[-tie, -1.0, -1e-300]), Some(-tie - 2.0));
        assert_eq!(sum(&[f64::MAX, f64::MAX]), Some(f64::INFINITY));
        assert_eq!(sum(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        assert!(sum(&none).unwrap().is_nan() && sum(&[1.0, f64::NAN]).unwrap().is_nan());
    }

    /// Sums in the compact form round like those on the heap, and have equal states.
    #[test]
    fn near_sums_are_those_that_need_memory() {
        let all_bits = f64::from_bits(0x3fff_ffff_ffff_ffff);
        let mut near = 0;
        // Two and three numbers at these distances in powers of two, with equal and with different signs.
        for apart in -140..=140 {
            for further in [0, 1, 31, 53, 64, 100, 300] {
                for (first, second, third) in [
                    (1.0, 1.0, 0.0),
                    (all_bits, -1.0, 0.0),
                    (1.0, all_bits, all_bits),
                    (-all_bits, all_bits, 1.0),
                    (1.0, -0.0, -1.0),
                ] {
                    let values = [
                        first,
                        second * 2.0_f64.powi(apart),
                        third * 2.0_f64.powi(apart - further),
                    ];
                    let mut sum = ExactSum::default();
                    values.iter().for_each(|value| sum.add(*value));
                    near += i32::from(
                        sum.sum
                            .to_small_multiple(Superaccumulator::NUMBERS)
                            .is_some(),
                    );
                    let (whole, power) = sum.sum.to_multiple(Superaccumulator::NUMBERS);
                    let bits = |value: f64| (value + 0.0).to_bits();
                    let reported = sum.rounded_value().unwrap();
                    assert_eq!(
                        bits(reported),
                        bits(round_to_float(&whole, power)),
                        "{values:?}"
                    );
                    let mut again = ExactSum::default();
                    again.merge(&sum.write().unwrap()).unwrap();
                    let (same, at) = again.sum.to_multiple(Superaccumulator::NUMBERS);
                    let least = power.min(at);
                    let up = |number: BigInt, power: i32| number << (power - least);
                    assert_eq!(up(same, at), up(whole, power), "{values:?}");
                }
            }
        }
        // Both forms occur.
        assert!(near > 1_000 && near < 281 * 7 * 5, "{near}");
        for value in [0.1, -0.0, f64::MAX, f64::INFINITY, f64::NAN] {
            let mut one = ExactSum::default();
            one.add(value);
            let (mut written, mut number) = (ExactSum::default(), ExactSum::default());
            written.merge(&one.write().unwrap()).unwrap();
            number.merge(&ExactSum::write_number(value)).unwrap();
            let bits = |sum: &ExactSum| sum.rounded_value().unwrap().to_bits();
            assert_eq!(
                (bits(&written), bits(&number)),
                (bits(&one), bits(&one)),
                "{value}"
            );
        }
    }

    /// A mean of the largest numbers is finite, although their sum is not.
    #[test]
    fn a_mean_is_finite_where_its_numbers_are() {
        let mean = |values: &[f64]| {
            let mut all = ExactSum::default();
            values.iter().for_each(|value| all.add(*value));
            all.mean(u64::try_from(values.len()).unwrap()).unwrap()
        };
        for many in [1, 2, 3, 7, 1000] {
            assert_eq!(mean(&vec![f64::MAX; many]), f64::MAX, "{many}");
            assert_eq!(mean(&vec![-f64::MAX; many]), -f64::MAX, "{many}");
        }
        assert_eq!(mean(&[f64::MAX, f64::MAX, -f64::MAX, -f64::MAX]), 0.0);
        assert_eq!(mean(&[f64::MAX, f64::MAX / 2.0]), f64::MAX / 4.0 * 3.0);
        let large = 2.0_f64.powi(1023);
        assert_eq!(mean(&[large, large, 1.0, large]), large / 4.0 * 3.0);
        assert_eq!(mean(&[0.1, 0.2]), (0.1 + 0.2) / 2.0);
        assert_eq!(mean(&[f64::INFINITY, f64::MAX]), f64::INFINITY);
        assert_eq!(mean(&[f64::NEG_INFINITY, 1.0]), f64::NEG_INFINITY);
        assert!(mean(&[f64::NAN, f64::MAX, f64::MAX]).is_nan());
    }

    #[test]
    fn a_state_that_no_number_has_is_refused() {
        for place in [i16::MIN, -1, 67, i16::MAX] {
            let mut state = 0.0_f64.to_le_bytes().to_vec();
            state.extend(digit_bytes(place, 1));
            assert_eq!(ExactSum::default().merge(&state), None, "{place}");
        }
        for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324, -f64::MAX] {
            let mut one = ExactSum::default();
            one.add(value);
            let mut other = ExactSum::default();
            other.merge(&one.write().unwrap()).unwrap();
            assert_eq!(other.rounded_value(), Some(value));
        }
    }
}
