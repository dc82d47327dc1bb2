//! Superaccumulator: an exact sum of floating-point numbers (Kulisch 2011, Neal 2015). The result does not depend on the order of
//! the numbers or on partial sums.

use num_bigint::{BigInt, Sign};

/// Sum as digits, each a multiple of a power of 2^32. Most sums have one or two digits, which need no heap memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Superaccumulator {
    first: i128,
    second: i128,
    /// Further digits with their places.
    rest: Vec<(i16, i128)>,
    first_place: i16,
    second_place: i16,
    /// Number of used inline digits.
    used: u8,
}

impl Superaccumulator {
    /// Exponent of the unit of a sum of numbers: that of the smallest number (IEEE 754-2019, section 3.4).
    pub(crate) const NUMBERS: i32 = -1074;

    /// Exponent of the unit of a sum of products of two numbers.
    pub(crate) const PRODUCTS: i32 = 2 * Self::NUMBERS;

    /// Adds a finite number.
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let (significand, lowest, is_negative) = float_parts(value);
        if significand == 0 {
            return;
        }
        // The number needs 84 bits at most in one place, so that trillions of numbers fit.
        let digit = i128::from(significand) << (lowest % 32);
        let place = i16::try_from(lowest / 32).unwrap_or_default();
        self.add_digit(place, if is_negative { -digit } else { digit });
    }

    /// Adds the product of two finite numbers.
    #[inline]
    pub(crate) fn add_product(&mut self, one: f64, other: f64) {
        let (left, low, minus) = float_parts(one);
        let (right, lower, less) = float_parts(other);
        let product = u128::from(left) * u128::from(right);
        if product == 0 {
            return;
        }
        let lowest = low + lower;
        let place = i16::try_from(lowest / 32).unwrap_or_default();
        // The product has 106 bits at most. The lower 64 bits and the others go to places of their own.
        let halves = [
            (place, product & u128::from(u64::MAX)),
            (place + 2, product >> 64),
        ];
        for (place, half) in halves {
            let digit = i128::try_from(half).unwrap_or_default() << (lowest % 32);
            if digit != 0 {
                self.add_digit(place, if minus == less { digit } else { -digit });
            }
        }
    }

    /// Adds a digit at its place, and carries the rest to the next place.
    pub(crate) fn add_digit(&mut self, place: i16, digit: i128) {
        let known = if self.used > 0 && self.first_place == place {
            &mut self.first
        } else if self.used > 1 && self.second_place == place {
            &mut self.second
        } else if self.used == 0 {
            (self.used, self.first_place, self.first) = (1, place, digit);
            return;
        } else if self.used == 1 {
            (self.used, self.second_place, self.second) = (2, place, digit);
            return;
        } else {
            match self.rest.iter_mut().find(|(at, _)| *at == place) {
                Some((_, known)) => known,
                None => {
                    self.rest.push((place, digit));
                    return;
                }
            }
        };
        match known.checked_add(digit) {
            Some(sum) => *known = sum,
            None => {
                let low = |number: i128| number & i128::from(u32::MAX);
                let carry = (*known >> 32) + (digit >> 32);
                *known = low(*known) + low(digit);
                self.add_digit(place.saturating_add(1), carry);
            }
        }
    }

    /// Digits with their places.
    pub(crate) fn digits(&self) -> impl Iterator<Item = (i16, i128)> {
        let near = [
            (self.first_place, self.first),
            (self.second_place, self.second),
        ];
        let near = near.into_iter().take(usize::from(self.used));
        near.chain(self.rest.iter().copied())
    }

    /// Sum as a multiple of a power of two, where its digits are multiples of 2^`unit`.
    pub(crate) fn to_multiple(&self, unit: i32) -> (BigInt, i32) {
        let least = self.digits().map(|(place, _)| place).min();
        let least = least.unwrap_or_default();
        let digits = self.digits().map(|(place, digit)| {
            let up = u32::try_from(i32::from(place) - i32::from(least)).unwrap_or_default();
            BigInt::from(digit) << (32 * up)
        });
        (digits.sum(), i32::from(least) * 32 + unit)
    }

    /// Result of [`Self::to_multiple`] without heap memory, where the digits are close together, as in most sums.
    pub(crate) fn to_small_multiple(&self, unit: i32) -> Option<(i128, i32)> {
        if !self.rest.is_empty() {
            return None;
        }
        let (low, high) = match self.used {
            0 => return Some((0, unit)),
            1 => ((self.first_place, self.first), (self.first_place, 0)),
            _ if self.first_place < self.second_place => (
                (self.first_place, self.first),
                (self.second_place, self.second),
            ),
            _ => (
                (self.second_place, self.second),
                (self.first_place, self.first),
            ),
        };
        let up = u32::try_from(i32::from(high.0) - i32::from(low.0)).ok()? * 32;
        let raised = high
            .1
            .checked_shl(up)
            .filter(|raised| raised >> up == high.1)?;
        Some((low.1.checked_add(raised)?, i32::from(low.0) * 32 + unit))
    }

    /// Size of the memory on the heap, bytes.
    pub(crate) const fn heap_bytes(&self) -> usize {
        self.rest.capacity() * size_of::<(i16, i128)>()
    }
}

/// Significand of a finite number, distance of its lowest bit from that of the smallest number, and sign. IEEE 754-2019, section
/// 3.4: a sign, 11 bits of the exponent, 52 of the significand.
#[must_use]
pub fn float_parts(value: f64) -> (u64, u64, bool) {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    let significand = fraction | (u64::from(exponent > 0) << 52);
    (significand, exponent.max(1) - 1, value.is_sign_negative())
}

/// Product of `number` and 2^`power`, rounded.
pub(crate) fn round_to_float(number: &BigInt, power: i32) -> f64 {
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
    // The cut-off bits only decide a tie between two neighbours.
    let more = number.trailing_zeros().is_some_and(|zeros| zeros < down);
    let top = to_float(top | u64::from(more));
    let power = power.saturating_add(i32::try_from(down).unwrap_or(i32::MAX));
    scale_by_power(sign * top, power)
}

/// Product of `number` and 2^`power`, rounded like [`round_to_float`].
pub(crate) fn rounded_near(number: i128, power: i32) -> f64 {
    let sign = if number < 0 { -1.0 } else { 1.0 };
    let number = number.unsigned_abs();
    let down = (u128::BITS - number.leading_zeros()).saturating_sub(64);
    let top = u64::try_from(number >> down).unwrap_or_default();
    let more = number != 0 && number.trailing_zeros() < down;
    let top = to_float(top | u64::from(more));
    scale_by_power(sign * top, power.saturating_add(down.cast_signed()))
}

/// Product of `value` and 2^`power`.
pub(crate) fn scale_by_power(mut value: f64, mut power: i32) -> f64 {
    // In steps within the range of exponents.
    while power != 0 && value != 0.0 && value.is_finite() {
        let step = power.clamp(-512, 512);
        value *= 2.0_f64.powi(step);
        power -= step;
    }
    value
}

/// Number as a float, rounded where it has more than 53 bits.
pub(crate) fn to_float(number: u64) -> f64 {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    f64::from(half(number >> 32)) * 4_294_967_296.0 + f64::from(half(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_a_place_goes_on_to_the_next() {
        for (sign, digit) in [(1, i128::MAX), (-1, i128::MIN)] {
            let mut sum = Superaccumulator::default();
            let before = BigInt::from(digit);
            sum.add_digit(3, digit);
            for _ in 0..5 {
                sum.add_digit(3, sign << 84);
            }
            sum.add_digit(3, digit);
            let expect = before * 2 + (BigInt::from(5 * sign) << 84_u32);
            let unit = Superaccumulator::NUMBERS;
            assert_eq!(sum.to_multiple(unit), (expect, 3 * 32 + unit));
        }
    }

    /// Products keep every bit, for the largest and the smallest numbers.
    #[test]
    fn products_are_exact() {
        let numbers = [
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::from_bits(1),
            -1.5,
            0.1,
            0.0,
            1e-300,
        ];
        let whole = |value: f64| {
            let mut one = Superaccumulator::default();
            one.add(value);
            one.to_multiple(Superaccumulator::NUMBERS)
        };
        for one in numbers {
            for other in numbers {
                let mut product = Superaccumulator::default();
                product.add_product(one, other);
                let (found, power) = product.to_multiple(Superaccumulator::PRODUCTS);
                let ((left, low), (right, lower)) = (whole(one), whole(other));
                let (expect, at) = (left * right, low + lower);
                let least = power.min(at);
                let up = |power: i32| u32::try_from(power - least).unwrap();
                assert_eq!(found << up(power), expect << up(at), "{one} {other}");
            }
        }
    }
}
