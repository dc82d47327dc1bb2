//! Sums of floating-point numbers and of their squares without any rounding: they are the same in whatever order the numbers
//! come, and in whatever parts they are put together. The last digit of a usual sum tells of the order of the rows behind it.

use num_bigint::{BigInt, Sign};

/// How many numbers there are, their sum and that of their squares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    count: u64,
    sum: Exactly,
    squares: Exactly,
}

impl Spread {
    /// One more number.
    pub(crate) fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.sum.add(value);
        // The square, and what its rounding took away (Dekker): of the least numbers alone something is lost, in every order.
        let square = value * value;
        self.squares.add(square);
        if square.is_finite() {
            self.squares.add(value.mul_add(value, -square));
        }
    }

    /// How far the numbers are from their mean: the sum of the squares, rounded at its end. None of no numbers; NaN where one
    /// of them is infinite or none.
    pub(crate) fn told(&self) -> Option<f64> {
        let count = (self.count > 0).then(|| float(self.count))?;
        if self.sum.broken || self.squares.broken {
            return Some(f64::NAN);
        }
        let (sum, power) = self.sum.whole();
        let (squares, finer) = self.squares.whole();
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
        for (of, sum) in [(SUM, &self.sum), (SQUARES, &self.squares)] {
            if sum.broken {
                out.extend(part(of | BROKEN, 0, 0));
            }
            let digits = sum.digits.iter();
            out.extend(digits.flat_map(|(place, digit)| part(of, *place, *digit)));
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
            sum.broken |= of & BROKEN != 0;
            sum.put(place, digit);
        }
        Some(())
    }

    /// How many bytes it holds beside itself.
    pub(crate) const fn held(&self) -> usize {
        let digits = self.sum.digits.capacity() + self.squares.digits.capacity();
        digits * size_of::<(i32, i128)>()
    }
}

/// A sum as it is told: of no numbers none, and as the engine's own where one of them is infinite or none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Total {
    sum: Exactly,
    some: bool,
    /// The sum of those that are not finite; zero where there is none of them.
    beyond: f64,
}

impl Total {
    /// One more number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.some = true;
        if value.is_finite() {
            self.sum.add(value);
        } else {
            self.beyond += value;
        }
    }

    /// The sum, rounded once.
    #[must_use]
    pub fn told(&self) -> Option<f64> {
        if !self.some {
            return None;
        }
        if self.beyond.is_nan() {
            // Of one kind, in whatever order infinite ones and none met.
            return Some(f64::NAN);
        }
        if self.beyond != 0.0 {
            return Some(self.beyond);
        }
        let (sum, power) = self.sum.whole();
        Some(rounded(&sum, power))
    }

    /// Bytes, to be read by [`Self::merge`]; none of no numbers.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        let mut out = self.beyond.to_le_bytes().to_vec();
        let digits = self.sum.digits.iter();
        out.extend(digits.flat_map(|(place, digit)| part(SUM, *place, *digit)));
        self.some.then_some(out)
    }

    /// Takes in what [`Self::write`] has written; nothing where it did not.
    pub fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        let (beyond, parts) = bytes.split_first_chunk::<8>()?;
        let (parts, []) = parts.as_chunks::<PART>() else {
            return None;
        };
        self.some = true;
        self.beyond += f64::from_le_bytes(*beyond);
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
        self.sum.digits.capacity() * size_of::<(i32, i128)>()
    }
}

/// Of which sum a digit is, and whether there is none.
const SUM: u8 = 0;
const SQUARES: u8 = 1;
const BROKEN: u8 = 2;

/// The places of the digits of finite numbers: the lowest bit of one is 2045 above the least at most, and it has 53.
const PLACES: std::ops::RangeInclusive<i32> = 0..=66;

/// So many bytes are written of a digit.
const PART: usize = 1 + 4 + 16;

fn part(of: u8, place: i32, digit: i128) -> [u8; PART] {
    let mut part = [of; PART];
    let bytes = place.to_le_bytes().into_iter().chain(digit.to_le_bytes());
    for (slot, byte) in part.iter_mut().skip(1).zip(bytes) {
        *slot = byte;
    }
    part
}

/// Of which sum, its place, and the digit.
fn read(part: &[u8; PART]) -> Option<(u8, i32, i128)> {
    let (of, rest) = part.split_first()?;
    let (place, digit) = rest.split_first_chunk::<4>()?;
    let digit = i128::from_le_bytes(*digit.first_chunk()?);
    Some((*of, i32::from_le_bytes(*place), digit))
}

/// A sum, as multiples of powers of 2^32.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Exactly {
    /// Places, and what stands there; what does not fit goes on to the next one.
    digits: Vec<(i32, i128)>,
    /// Something was no finite number, so the sum is none.
    broken: bool,
}

impl Exactly {
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.broken = true;
            return;
        }
        // IEEE 754-2019, section 3.4: a sign, 11 bits of the exponent, 52 of the significand.
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        let significand = fraction | (u64::from(exponent > 0) << 52);
        // How far its lowest bit is above that of the least number there is.
        let lowest = exponent.max(1) - 1;
        if significand == 0 {
            return;
        }
        // One place takes all of it: 84 bits at most, so that trillions of numbers fit.
        let digit = i128::from(significand) << (lowest % 32);
        let place = i32::try_from(lowest / 32).unwrap_or_default();
        self.put(place, if value < 0.0 { -digit } else { digit });
    }

    fn put(&mut self, place: i32, digit: i128) {
        match self.digits.iter_mut().find(|(at, _)| *at == place) {
            Some((_, sum)) => match sum.checked_add(digit) {
                Some(more) => *sum = more,
                None => {
                    let carry = *sum >> 32;
                    *sum = (*sum & i128::from(u32::MAX)).saturating_add(digit);
                    self.put(place.saturating_add(1), carry);
                }
            },
            None => self.digits.push((place, digit)),
        }
    }

    /// The sum as a multiple of a power of two.
    fn whole(&self) -> (BigInt, i32) {
        let places = self.digits.iter().map(|(place, _)| *place);
        let least = places.min().unwrap_or_default();
        let digits = self.digits.iter().map(|(place, digit)| {
            let up = usize::try_from(place.saturating_sub(least)).unwrap_or_default();
            BigInt::from(*digit) << (32 * up)
        });
        (digits.sum(), least * 32 - 1074)
    }
}

/// `number` times 2^`power`, rounded.
fn rounded(number: &BigInt, power: i32) -> f64 {
    let sign = if number.sign() == Sign::Minus {
        -1.0
    } else {
        1.0
    };
    let number = number.magnitude();
    let down = number.bits().saturating_sub(64);
    let top = (number >> down)
        .iter_u64_digits()
        .next()
        .unwrap_or_default();
    // What is cut off below decides only whether two neighbours are equally near.
    let more = number.trailing_zeros().is_some_and(|zeros| zeros < down);
    let top = float(top | u64::from(more));
    let mut power = power.saturating_add(i32::try_from(down).unwrap_or(i32::MAX));
    let mut value = sign * top;
    // In steps, none of which is beyond the powers that there are.
    while power != 0 && value != 0.0 && value.is_finite() {
        let step = power.clamp(-512, 512);
        value *= 2.0_f64.powi(step);
        power -= step;
    }
    value
}

/// The number, rounded where it has more than 53 bits.
fn float(number: u64) -> f64 {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    f64::from(half(number >> 32)) * 4_294_967_296.0 + f64::from(half(number))
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

    #[test]
    fn a_state_that_no_number_has_is_refused() {
        for place in [i32::MIN, -1, 67, i32::MAX] {
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
    fn what_does_not_fit_into_a_place_goes_on_to_the_next() {
        for (sign, digit) in [(1, i128::MAX), (-1, i128::MIN)] {
            let mut sum = Exactly::default();
            let before = BigInt::from(digit);
            sum.put(3, digit);
            for _ in 0..5 {
                sum.put(3, sign << 84);
            }
            let expect = before + (BigInt::from(5 * sign) << 84_u32);
            assert_eq!(sum.whole(), (expect, 3 * 32 - 1074));
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
