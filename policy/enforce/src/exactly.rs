//! Sums of floating-point numbers and of their squares without any rounding: they are the same in whatever order the numbers
//! come, and in whatever parts they are put together. The last digit of a usual sum tells of the order of the rows behind it.

use crate::superaccumulator::{Superaccumulator, float, raised, rounded};

/// How many numbers there are, their sum and that of their squares.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread {
    count: u64,
    sum: Superaccumulator,
    squares: Superaccumulator,
    /// Whether a number, or a square, was not finite.
    broken: bool,
}

impl Spread {
    /// One more number.
    pub(crate) fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        // The square, and what its rounding took away (Dekker): of the least numbers alone something is lost, in every order.
        let square = value * value;
        if !square.is_finite() {
            self.broken = true;
            return;
        }
        self.sum.add(value);
        self.squares.add(square);
        self.squares.add(value.mul_add(value, -square));
    }

    /// How far the numbers are from their mean: the sum of the squares, rounded at its end. None of no numbers; NaN where one
    /// of them is infinite or none.
    pub(crate) fn told(&self) -> Option<f64> {
        let count = (self.count > 0).then(|| float(self.count))?;
        if self.broken {
            return Some(f64::NAN);
        }
        let (sum, power) = self.sum.whole(Superaccumulator::NUMBERS);
        let (squares, finer) = self.squares.whole(Superaccumulator::NUMBERS);
        // n times the sum of the squares less the square of the sum, both as multiples of the same power of two.
        let power = power.saturating_mul(2);
        let least = power.min(finer);
        let up = |power: i32| usize::try_from(power.saturating_sub(least)).unwrap_or_default();
        let rest = ((squares * self.count) << up(finer)) - ((&sum * &sum) << up(power));
        Some(rounded(&rest, least) / count)
    }

    /// Bytes, to be read by [`Self::merge`].
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = self.count.to_le_bytes().to_vec();
        if self.broken {
            out.extend(part(BROKEN, 0, 0));
        }
        for (of, sum) in [(SUM, &self.sum), (SQUARES, &self.squares)] {
            out.extend(
                sum.digits()
                    .flat_map(|(place, digit)| part(of, place, digit)),
            );
        }
        out
    }

    /// Takes in what [`Self::write`] has written; nothing where it did not.
    pub(crate) fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        let (count, parts) = bytes.split_first_chunk::<8>()?;
        self.count = self.count.saturating_add(u64::from_le_bytes(*count));
        let (parts, []) = parts.as_chunks::<PART>() else {
            return None;
        };
        for part in parts {
            let (of, place, digit) = read(part)?;
            let sum = match of & SQUARES {
                SUM => &mut self.sum,
                _ => &mut self.squares,
            };
            sum.put(place, digit);
            self.broken |= of & BROKEN != 0;
        }
        Some(())
    }

    /// How many bytes it holds beside itself.
    pub(crate) const fn held(&self) -> usize {
        self.sum.held() + self.squares.held()
    }
}

/// A sum as it is told: of no numbers none, and as the engine's own where one of them is infinite or none.
#[derive(Debug, Clone, Default)]
pub struct Total {
    sum: Superaccumulator,
    /// Numbers; what was put together counts as one.
    count: u64,
    /// Those that are not finite, which few sums have.
    beyond: Option<Box<Beyond>>,
}

/// How many numbers are infinite, above and below zero, and how many are none.
#[derive(Debug, Clone, Copy, Default)]
struct Beyond {
    above: u64,
    below: u64,
    none: u64,
}

impl Total {
    /// One more number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        if value.is_finite() {
            self.sum.add(value);
        } else {
            self.strange(value, |count| count.saturating_add(1));
        }
    }

    /// One of the numbers less.
    pub fn take(&mut self, value: f64) {
        self.count = self.count.saturating_sub(1);
        if value.is_finite() {
            self.sum.add(-value);
        } else {
            self.strange(value, |count| count.saturating_sub(1));
        }
    }

    fn strange(&mut self, value: f64, change: impl Fn(u64) -> u64) {
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

    /// The sum of those that are not finite; zero where there is none of them.
    fn beyond(&self) -> f64 {
        let beyond = self.beyond.as_deref().copied().unwrap_or_default();
        if beyond.none > 0 {
            // Of one kind, in whatever order infinite ones and none met.
            return f64::NAN;
        }
        match (beyond.above > 0, beyond.below > 0) {
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            (false, true) => f64::NEG_INFINITY,
            (false, false) => 0.0,
        }
    }

    /// The sum, rounded once.
    #[must_use]
    pub fn told(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let beyond = self.beyond();
        if beyond != 0.0 {
            return Some(beyond);
        }
        let (sum, power) = self.sum.whole(Superaccumulator::NUMBERS);
        Some(rounded(&sum, power))
    }

    /// The sum by a count of numbers: finite where these are, though the sum may be none.
    #[must_use]
    pub fn mean(&self, count: u64) -> Option<f64> {
        let told = self.told()?;
        if told.is_finite() || self.beyond() != 0.0 {
            return Some(told / float(count));
        }
        // No count is so large that the sum of so many numbers is still infinite.
        let (sum, power) = self.sum.whole(Superaccumulator::NUMBERS);
        let mean = rounded(&sum, power.saturating_sub(64)) / float(count);
        Some(raised(mean, 64).clamp(-f64::MAX, f64::MAX))
    }

    /// Bytes, to be read by [`Self::merge`]; none of no numbers.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        let mut out = self.beyond().to_le_bytes().to_vec();
        let digits = self.sum.digits();
        out.extend(digits.flat_map(|(place, digit)| part(SUM, place, digit)));
        (self.count > 0).then_some(out)
    }

    /// Takes in what [`Self::write`] has written; nothing where it did not.
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
            self.strange(beyond, |count| count.saturating_add(1));
        }
        for part in parts {
            let (_, place, digit) = read(part)?;
            // It may come from another machine: a place that no number has would ask for any amount of memory.
            if !PLACES.contains(&place) {
                return None;
            }
            self.sum.put(place, digit);
        }
        Some(())
    }

    /// How many bytes it holds beside itself.
    #[must_use]
    pub const fn held(&self) -> usize {
        let beyond = match self.beyond {
            Some(_) => size_of::<Beyond>(),
            None => 0,
        };
        self.sum.held() + beyond
    }
}

/// Of which sum a digit is, and whether there is none.
const SUM: u8 = 0;
const SQUARES: u8 = 1;
const BROKEN: u8 = 2;

/// The places of the digits of finite numbers: the lowest bit of one is 2045 above the least at most, and it has 53.
const PLACES: std::ops::RangeInclusive<i16> = 0..=66;

/// So many bytes are written of a digit.
const PART: usize = 1 + 4 + 16;

fn part(of: u8, place: i16, digit: i128) -> [u8; PART] {
    let mut part = [of; PART];
    let bytes = i32::from(place)
        .to_le_bytes()
        .into_iter()
        .chain(digit.to_le_bytes());
    for (slot, byte) in part.iter_mut().skip(1).zip(bytes) {
        *slot = byte;
    }
    part
}

/// Of which sum, its place, and the digit.
fn read(part: &[u8; PART]) -> Option<(u8, i16, i128)> {
    let (of, rest) = part.split_first()?;
    let (place, digit) = rest.split_first_chunk::<4>()?;
    let digit = i128::from_le_bytes(*digit.first_chunk()?);
    let place = i16::try_from(i32::from_le_bytes(*place)).ok()?;
    Some((*of, place, digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Spread {
        let mut all = Spread::default();
        for value in values {
            all.add(*value);
        }
        all
    }

    #[test]
    fn every_order_and_every_parting_says_the_same() {
        let values: Vec<f64> = (0..97_i32)
            .map(|at| f64::from(at * 7919 % 101).sin() * 10_f64.powi(at % 13 - 5))
            .collect();
        let whole = of(&values).told().unwrap();
        for turn in 0..values.len() {
            let mut turned = values.clone();
            turned.rotate_left(turn);
            assert_eq!(of(&turned).told().unwrap().to_bits(), whole.to_bits());
            let (one, other) = turned.split_at(turn);
            let mut merged = Spread::default();
            for part in [other, one, &[]] {
                merged.merge(&of(part).write()).unwrap();
            }
            assert_eq!(merged.told().unwrap().to_bits(), whole.to_bits());
        }
        let mean: f64 = values.iter().sum::<f64>() / 97.0;
        let near: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        assert!((whole - near).abs() < 1e-12 * near, "{whole} {near}");
    }

    #[test]
    fn sums_are_rounded_once_and_alike_in_every_order() {
        let sum = |values: &[f64]| {
            let mut all = Total::default();
            values.iter().for_each(|value| all.add(*value));
            let mut parts = Total::default();
            for part in values.chunks(3).rev() {
                let mut one = Total::default();
                part.iter().for_each(|value| one.add(*value));
                parts.merge(&one.write().unwrap()).unwrap();
            }
            let (all, parts) = (all.told(), parts.told());
            assert_eq!(all.map(f64::to_bits), parts.map(f64::to_bits));
            all
        };
        assert_eq!(sum(&[]), None);
        assert_eq!(Total::default().write(), None);
        assert_eq!(sum(&[0.1, 0.2]), Some(0.1 + 0.2));
        assert_eq!(sum(&[0.1; 10]), Some(1.0));
        assert_eq!(sum(&[1e16, 1.0, -1e16]), Some(1.0));
        assert_eq!(sum(&[1e300, 1e-300, -1e300]), Some(1e-300));
        assert_eq!(sum(&[-1e-300, 3.5, 1e-300]), Some(3.5));
        // What is taken away again leaves nothing behind.
        let mut window = Total::default();
        for value in [0.1, 1e300, f64::INFINITY, f64::NAN, 0.2] {
            window.add(value);
        }
        for value in [1e300, f64::NAN, f64::INFINITY] {
            window.take(value);
        }
        assert_eq!(window.told(), Some(0.1 + 0.2));
        // The last bit that is left is told from what was cut off: 2^53 + 1 and a little more.
        let tie = 9_007_199_254_740_992.0;
        assert_eq!(sum(&[tie, 1.0]), Some(tie));
        assert_eq!(sum(&[tie, 1.0, 1e-300]), Some(tie + 2.0));
        assert_eq!(sum(&[-tie, -1.0, -1e-300]), Some(-tie - 2.0));
        assert_eq!(sum(&[f64::MAX, f64::MAX]), Some(f64::INFINITY));
        assert_eq!(sum(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        assert!(sum(&none).unwrap().is_nan() && sum(&[1.0, f64::NAN]).unwrap().is_nan());
    }

    /// The sum of the largest numbers is none, and their mean is.
    #[test]
    fn a_mean_is_finite_where_its_numbers_are() {
        let mean = |values: &[f64]| {
            let mut all = Total::default();
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
            state.extend(part(SUM, place, 1));
            assert_eq!(Total::default().merge(&state), None, "{place}");
        }
        for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324, -f64::MAX] {
            let mut one = Total::default();
            one.add(value);
            let mut other = Total::default();
            other.merge(&one.write().unwrap()).unwrap();
            assert_eq!(other.told(), Some(value));
        }
    }

    #[test]
    fn nothing_is_lost_far_from_zero_or_near_it() {
        let exact = |values: &[f64]| of(values).told().unwrap();
        assert_eq!(exact(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), 2.0);
        assert_eq!(exact(&[1e15, -1e15]), 2e30);
        assert_eq!(exact(&[1e-3; 1000]), 0.0);
        assert_eq!(exact(&[3e100, 3e100, 0.0, 3e100]), 9e200 / 4.0 * 3.0);
        assert_eq!(
            exact(&[0.25, 0.5, 1e-300]).to_bits(),
            exact(&[1e-300, 0.5, 0.25]).to_bits()
        );
        assert_eq!(exact(&[f64::from_bits(1), f64::from_bits(1)]), 0.0);
        assert_eq!(of(&[]).told(), None);
        for odd in [f64::NAN, f64::INFINITY, 1e200] {
            assert!(exact(&[1.0, odd, 2.0]).is_nan());
            let mut merged = of(&[5.0]);
            merged.merge(&of(&[odd]).write()).unwrap();
            assert!(merged.told().unwrap().is_nan());
        }
    }
}
