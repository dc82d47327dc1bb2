//! Exact power sums for variances, covariances and correlations: number of rows, sums of their numbers, and sums of products. Each
//! result is rounded once. It does not depend on the order of the rows or on partial sums. The usual algorithms (Welford, Chan)
//! round at every row, so that the last digit discloses the order of the rows.

use crate::superaccumulator::{Superaccumulator, round_to_float, scale_by_power, to_float};
use num_bigint::BigInt;

/// Power sums of rows with `N` numbers.
#[derive(Debug, Clone)]
pub struct PowerSums<const N: usize> {
    count: u64,
    /// Number of rows with an infinity or NaN.
    strange: u64,
    sums: [Superaccumulator; N],
    /// Sums of the products of each number with itself and with the later ones.
    products: [[Superaccumulator; N]; N],
}

impl<const N: usize> Default for PowerSums<N> {
    fn default() -> Self {
        let sums = || std::array::from_fn(|_| Superaccumulator::default());
        Self {
            count: 0,
            strange: 0,
            sums: sums(),
            products: std::array::from_fn(|_| sums()),
        }
    }
}

/// Number times an even power of two. Its range exceeds that of the floating-point type.
#[derive(Debug, Clone, Copy)]
pub struct ScaledNumber {
    number: f64,
    power: i32,
}

impl ScaledNumber {
    /// Product with a number.
    #[must_use]
    pub fn multiply_by_number(self, number: f64) -> Self {
        Self {
            number: self.number / number,
            ..self
        }
    }

    /// Quotient by the square roots of two numbers; none where one of them is zero.
    #[must_use]
    pub fn by_roots(self, one: Self, other: Self) -> Option<f64> {
        let roots = one.number.sqrt() * other.number.sqrt();
        let power = self.power - one.power / 2 - other.power / 2;
        (roots != 0.0).then(|| scale_by_power(self.number / roots, power))
    }

    /// Value as a floating-point number.
    #[must_use]
    pub fn value(self) -> f64 {
        scale_by_power(self.number, self.power)
    }

    /// Square root.
    #[must_use]
    pub fn root(self) -> f64 {
        scale_by_power(self.number.sqrt(), self.power / 2)
    }
}

impl<const N: usize> PowerSums<N> {
    /// Adds a row.
    pub fn add(&mut self, row: [f64; N]) {
        self.count = self.count.saturating_add(1);
        if !row.iter().all(|number| number.is_finite()) {
            self.strange = self.strange.saturating_add(1);
            return;
        }
        for (sum, number) in self.sums.iter_mut().zip(row) {
            sum.add(number);
        }
        self.add_products(row, 1.0);
    }

    /// Removes an added row.
    pub fn remove(&mut self, row: [f64; N]) {
        self.count = self.count.saturating_sub(1);
        if !row.iter().all(|number| number.is_finite()) {
            self.strange = self.strange.saturating_sub(1);
            return;
        }
        for (sum, number) in self.sums.iter_mut().zip(row) {
            sum.add(-number);
        }
        self.add_products(row, -1.0);
    }

    fn add_products(&mut self, row: [f64; N], sign: f64) {
        for (at, (products, one)) in self.products.iter_mut().zip(row).enumerate() {
            for (product, other) in products.iter_mut().zip(row).skip(at) {
                product.add_product(one * sign, other);
            }
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn count(&self) -> f64 {
        to_float(self.count)
    }

    /// Sum of the products of the deviations of two numbers from their means; for one number the sum of squared deviations. NaN
    /// where a number is infinite or NaN; zero for no rows.
    #[must_use]
    pub fn deviation(&self, one: usize, other: usize) -> f64 {
        self.scaled_deviation(one, other).value()
    }

    /// Scaled sum of the products of the deviations. Values computed from it may be in range where the sum itself is not.
    #[must_use]
    pub fn scaled_deviation(&self, one: usize, other: usize) -> ScaledNumber {
        let not_one = ScaledNumber {
            number: f64::NAN,
            power: 0,
        };
        let (first, last) = (one.min(other), one.max(other));
        let sums = (self.sums.get(first), self.sums.get(last));
        let products = self.products.get(first).and_then(|row| row.get(last));
        let ((Some(first), Some(last)), Some(products)) = (sums, products) else {
            return not_one;
        };
        if self.strange > 0 {
            return not_one;
        }
        // n times the sum of products less the product of sums, both as multiples of one power of two.
        let (first, low) = first.to_multiple(Superaccumulator::NUMBERS);
        let (last, lower) = last.to_multiple(Superaccumulator::NUMBERS);
        let (products, power) = products.to_multiple(Superaccumulator::PRODUCTS);
        let of_sums = low.saturating_add(lower);
        let least = power.min(of_sums);
        let up = |power: i32| u32::try_from(power.saturating_sub(least)).unwrap_or_default();
        let rest = ((products * self.count) << up(power)) - ((first * last) << up(of_sums));
        if self.count == 0 || rest == BigInt::ZERO {
            return ScaledNumber {
                number: 0.0,
                power: 0,
            };
        }
        // Even, so that the square root has an integer exponent.
        let bits = i32::try_from(rest.bits()).unwrap_or(i32::MAX);
        let power = least.saturating_add(bits) & !1;
        ScaledNumber {
            number: round_to_float(&rest, least.saturating_sub(power)) / self.count(),
            power,
        }
    }

    /// Bytes of the state, to be read by [`Self::merge`]; none for no rows.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        let mut out = self.count.to_le_bytes().to_vec();
        out.extend(self.strange.to_le_bytes());
        for (which, sum) in (0_u8..).zip(self.accumulators()) {
            for (place, digit) in sum.digits() {
                out.push(which);
                out.extend(place.to_le_bytes());
                out.extend(digit.to_le_bytes());
            }
        }
        (self.count > 0).then_some(out)
    }

    /// Merges bytes of [`Self::write`]; none for other bytes.
    pub fn merge(&mut self, bytes: &[u8]) -> Option<()> {
        let (count, rest) = bytes.split_first_chunk::<8>()?;
        let (strange, rest) = rest.split_first_chunk::<8>()?;
        let (parts, []) = rest.as_chunks::<PART>() else {
            return None;
        };
        self.count = self.count.checked_add(u64::from_le_bytes(*count))?;
        self.strange = self.strange.checked_add(u64::from_le_bytes(*strange))?;
        for part in parts {
            let (which, rest) = part.split_first()?;
            let (place, digit) = rest.split_first_chunk::<2>()?;
            let (place, digit) = (i16::from_le_bytes(*place), digit.first_chunk()?);
            // The bytes may come from another machine, and an invalid place could demand any amount of memory.
            if !PLACES.contains(&place) {
                return None;
            }
            let sum = self.accumulators_mut().nth(usize::from(*which))?;
            sum.add_digit(place, i128::from_le_bytes(*digit));
        }
        Some(())
    }

    /// Size of the memory on the heap, bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.accumulators().map(Superaccumulator::heap_bytes).sum()
    }

    fn accumulators(&self) -> impl Iterator<Item = &Superaccumulator> {
        self.sums.iter().chain(self.products.iter().flatten())
    }

    fn accumulators_mut(&mut self) -> impl Iterator<Item = &mut Superaccumulator> {
        self.sums
            .iter_mut()
            .chain(self.products.iter_mut().flatten())
    }
}

impl PowerSums<1> {
    /// Adds a row with an integer, exactly.
    pub fn add_whole(&mut self, number: i128) {
        self.count = self.count.saturating_add(1);
        self.put_whole(number, 1.0);
    }

    /// Removes an added row with an integer.
    pub fn take_whole(&mut self, number: i128) {
        self.count = self.count.saturating_sub(1);
        self.put_whole(number, -1.0);
    }

    fn put_whole(&mut self, number: i128, sign: f64) {
        let parts = split_exactly(number);
        let ([sum], [[product]]) = (&mut self.sums, &mut self.products);
        for part in parts {
            sum.add(part * sign);
            for other in parts {
                product.add_product(part * sign, other);
            }
        }
    }
}

/// Floating-point numbers with 42 bits each, whose exact sum is the integer.
fn split_exactly(number: i128) -> [f64; 4] {
    const BITS: u32 = 42;
    let sign = if number < 0 { -1.0 } else { 1.0 };
    [0, 1, 2, 3].map(|place| {
        let digit = (number.unsigned_abs() >> (place * BITS)) & ((1 << BITS) - 1);
        let unit = to_float(1 << BITS).powi(i32::try_from(place).unwrap_or_default());
        to_float(u64::try_from(digit).unwrap_or_default()) * unit * sign
    })
}

/// Valid places of digits of products of finite numbers: the lowest bit of a product is at most 4090 above that of the smallest
/// one, and a product has 106 bits.
const PLACES: std::ops::RangeInclusive<i16> = 0..=133;

/// Size of a written digit, bytes.
const PART: usize = 1 + 2 + 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[[f64; 2]]) -> PowerSums<2> {
        let mut all = PowerSums::default();
        rows.iter().for_each(|row| all.add(*row));
        all
    }

    fn bits(sums: &PowerSums<2>) -> [u64; 3] {
        [(0, 0), (0, 1), (1, 1)].map(|(one, other)| sums.deviation(one, other).to_bits())
    }

    #[test]
    fn each_digit_of_a_whole_number_counts() {
        let numbers = [
            i128::MAX,
            i128::MIN,
            1 << 53,
            (1 << 53) + 1,
            -7,
            0,
            10_i128.pow(38) - 1,
        ];
        for number in numbers {
            let mut sums: PowerSums<1> = PowerSums::default();
            for more in [0, 1, 2] {
                sums.add_whole(number.saturating_sub(more));
            }
            let spread = if number == i128::MIN { 0.0 } else { 2.0 };
            assert_eq!(sums.deviation(0, 0), spread, "{number}");
            sums.take_whole(number.saturating_sub(2));
            assert_eq!(sums.deviation(0, 0), spread / 4.0, "{number}");
        }
    }

    #[test]
    fn every_order_and_every_parting_says_the_same() {
        let rows: Vec<[f64; 2]> = (0..97_i32)
            .map(|at| {
                let x = f64::from(at * 7919 % 101).sin() * 10_f64.powi(at % 13 - 5);
                [x, x * 3.0 - f64::from(at)]
            })
            .collect();
        let whole = bits(&of(&rows));
        for turn in 0..rows.len() {
            let mut turned = rows.clone();
            turned.rotate_left(turn);
            assert_eq!(bits(&of(&turned)), whole);
            let (one, other) = turned.split_at(turn);
            let mut merged = PowerSums::default();
            for part in [other, one] {
                if let Some(state) = of(part).write() {
                    merged.merge(&state).unwrap();
                }
            }
            assert_eq!(bits(&merged), whole);
            let mut window = of(&turned);
            one.iter().for_each(|row| window.remove(*row));
            assert_eq!(bits(&window), bits(&of(other)));
        }
        let means = [0, 1].map(|at| rows.iter().map(|row| row[at]).sum::<f64>() / 97.0);
        let near: f64 = rows
            .iter()
            .map(|row| (row[0] - means[0]) * (row[1] - means[1]))
            .sum();
        let found = f64::from_bits(whole[1]);
        assert!((found - near).abs() < 1e-9 * near.abs(), "{found} {near}");
    }

    #[test]
    fn nothing_is_lost_far_from_zero_or_near_it() {
        let squares = |values: &[f64]| {
            let mut all = PowerSums::default();
            values.iter().for_each(|value| all.add([*value]));
            all.deviation(0, 0)
        };
        assert_eq!(squares(&[1e9, 1e9 + 1.0, 1e9 + 2.0]), 2.0);
        assert_eq!(squares(&[1e15, -1e15]), 2e30);
        assert_eq!(squares(&[1e-3; 1000]), 0.0);
        assert_eq!(squares(&[1e200, 1e200]), 0.0);
        assert_eq!(squares(&[f64::MAX, -f64::MAX]), f64::INFINITY);
        assert_eq!(squares(&[]), 0.0);
        for odd in [f64::NAN, f64::INFINITY] {
            assert!(squares(&[1.0, odd, 2.0]).is_nan());
        }
    }

    /// Roots and ratios of squares can be in range where the squares are not.
    #[test]
    fn what_is_made_of_squares_is_a_number_where_they_are_none() {
        let near: Vec<[f64; 2]> = (0..9_i32)
            .map(|at| [f64::from(at), f64::from(at * at)])
            .collect();
        let expect = of(&near);
        for power in [-1000, -600, -40, 0, 40, 600, 1000] {
            let scale = 2.0_f64.powi(power);
            let far = of(&near
                .iter()
                .map(|row| row.map(|x| x * scale))
                .collect::<Vec<_>>());
            for at in [0, 1] {
                let root = |sums: &PowerSums<2>| {
                    sums.scaled_deviation(at, at).multiply_by_number(8.0).root()
                };
                assert_eq!(root(&far), root(&expect) * scale, "{power}");
            }
            let ratio = |sums: &PowerSums<2>| {
                let (one, other) = (sums.scaled_deviation(0, 0), sums.scaled_deviation(1, 1));
                sums.scaled_deviation(0, 1).by_roots(one, other).unwrap()
            };
            assert_eq!(ratio(&far).to_bits(), ratio(&expect).to_bits(), "{power}");
            assert!((0.9..1.0).contains(&ratio(&far)));
        }
        // n times the squares overflows, the squares don't.
        let mut all = PowerSums::<1>::default();
        for at in 0..8 {
            all.add([if at % 2 == 0 { 4e153 } else { -4e153 }]);
        }
        let found = all.deviation(0, 0);
        assert!((found - 1.28e308).abs() < 1e294, "{found}");
        let same = of(&[[3.0, 1.0], [3.0, 2.0]]);
        let (one, other) = (same.scaled_deviation(0, 0), same.scaled_deviation(1, 1));
        assert_eq!(same.scaled_deviation(0, 1).by_roots(one, other), None);
        assert_eq!(
            (one.root(), other.multiply_by_number(2.0).value()),
            (0.0, 0.25)
        );
    }

    #[test]
    fn a_state_that_no_row_has_is_refused() {
        let state = of(&[[1.0, 2.0]]).write().unwrap();
        let merged = |bytes: &[u8]| PowerSums::<2>::default().merge(bytes);
        assert_eq!(merged(&state), Some(()));
        assert_eq!(merged(&state[1..]), None);
        for (at, byte) in [(16, 9), (18, 200)] {
            let mut wrong = state.clone();
            wrong[at] = byte;
            assert_eq!(merged(&wrong), None, "{at}");
        }
        assert_eq!(PowerSums::<2>::default().write(), None);
    }
}
