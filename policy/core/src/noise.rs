//! Noise with an exact distribution: the discrete Laplace distribution, sampled with integers alone.
//!
//! Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020), algorithms 1 and 2. Noise from
//! floating-point logarithms has gaps that disclose the value below it. Here every probability is exactly that of the proof.
//! The caller supplies the random source.

/// Source of random numbers.
pub trait RandomSource {
    /// Uniformly distributed number below `bound`; 0 where `bound` is 0.
    fn draw_below(&mut self, bound: u128) -> u128;
}

/// Random source over uniformly distributed bits. Numbers that are too large are drawn again.
#[derive(Debug)]
pub struct RandomBits<F>(pub F);

impl<F: FnMut() -> u64> RandomSource for RandomBits<F> {
    fn draw_below(&mut self, bound: u128) -> u128 {
        let Some(most) = bound.checked_sub(1) else {
            return 0;
        };
        let needed = u128::BITS.saturating_sub(most.leading_zeros());
        if needed == 0 {
            return 0;
        }
        loop {
            let low = u128::from((self.0)());
            let high = if needed > u64::BITS {
                u128::from((self.0)())
            } else {
                0
            };
            let drawn = (high << u64::BITS) | low;
            let cut = drawn & (u128::MAX >> u128::BITS.saturating_sub(needed));
            if cut <= most {
                return cut;
            }
        }
    }
}

/// Scale of a Laplace distribution, as an exact fraction. Made by [`LaplaceScale::new`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaplaceScale {
    numerator: u128,
    denominator: u128,
}

impl LaplaceScale {
    /// Scale `numerator / denominator`. None if one of them is 0, or is so large that a draw could exceed 128 bits.
    #[must_use]
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        let common = greatest_common_divisor(numerator, denominator);
        let (numerator, denominator) = (
            numerator.checked_div(common)?,
            denominator.checked_div(common)?,
        );
        let fits = (1..=MOST).contains(&numerator) && (1..=MOST).contains(&denominator);
        fits.then_some(Self {
            numerator,
            denominator,
        })
    }

    /// Draws an integer `x` with probability proportional to `exp(-|x| / scale)`.
    pub fn draw(self, chance: &mut impl RandomSource) -> i128 {
        let Self {
            numerator,
            denominator,
        } = self;
        loop {
            let part = chance.draw_below(numerator);
            if !draw_bernoulli_exp(part, numerator, chance) {
                continue;
            }
            let mut whole = 0_u128;
            while draw_bernoulli_exp(1, 1, chance) {
                whole = whole.saturating_add(1);
            }
            let far = part.saturating_add(numerator.saturating_mul(whole));
            let size = far.checked_div(denominator).unwrap_or(0);
            let negative = chance.draw_below(2) == 1;
            if negative && size == 0 {
                continue;
            }
            let size = i128::try_from(size).unwrap_or(i128::MAX);
            return if negative {
                size.saturating_neg()
            } else {
                size
            };
        }
    }
}

/// True with probability `exp(-part / of)`, for a part from 0 to `of`.
fn draw_bernoulli_exp(part: u128, of: u128, chance: &mut impl RandomSource) -> bool {
    let mut tries = 1_u128;
    while chance.draw_below(of.saturating_mul(tries)) < part {
        tries = tries.saturating_add(1);
    }
    tries % 2 == 1
}

fn greatest_common_divisor(one: u128, other: u128) -> u128 {
    let (mut one, mut other) = (one, other);
    while let Some(rest) = one.checked_rem(other) {
        (one, other) = (other, rest);
    }
    one
}

/// Largest numerator and denominator. A draw of 2^27 times the scale, which never occurs in practice, still fits into 128 bits.
const MOST: u128 = 1 << 100;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Random source that follows one path of choices, and notes the bound of the first choice beyond it.
    struct ScriptedRandom {
        steps: std::vec::IntoIter<u128>,
        beyond: Option<u128>,
        any: u64,
    }

    impl RandomSource for ScriptedRandom {
        fn draw_below(&mut self, bound: u128) -> u128 {
            match self.steps.next() {
                Some(step) => step,
                None => {
                    self.beyond.get_or_insert(bound);
                    // Any values that let the draw end; its result is not used.
                    self.any = self
                        .any
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    u128::from(self.any >> 33) % bound
                }
            }
        }
    }

    /// Probability of each result of a draw, over all paths of sufficient probability, and the probability of the paths left out.
    fn probabilities<T: Ord>(
        draw: impl Fn(&mut ScriptedRandom) -> T,
        least: f64,
    ) -> (BTreeMap<T, f64>, f64) {
        let mut found = BTreeMap::new();
        let mut left_out = 0.0;
        let mut open = vec![(Vec::new(), 1.0_f64)];
        while let Some((steps, likely)) = open.pop() {
            if likely < least {
                left_out += likely;
                continue;
            }
            let mut path = ScriptedRandom {
                steps: steps.clone().into_iter(),
                beyond: None,
                any: 1,
            };
            let number = draw(&mut path);
            match path.beyond {
                None => *found.entry(number).or_insert(0.0) += likely,
                Some(wide) => {
                    for step in 0..wide {
                        let mut steps = steps.clone();
                        steps.push(step);
                        open.push((steps, likely / wide as f64));
                    }
                }
            }
        }
        (found, left_out)
    }

    /// The step that the proof relies on: an event of probability `exp(-part / of)`.
    #[test]
    fn decay_has_exactly_its_probability() {
        for of in 1..=4 {
            for part in 0..=of {
                let (found, left_out) =
                    probabilities(|path| draw_bernoulli_exp(part, of, path), 1e-9);
                let due = (-(part as f64) / of as f64).exp();
                let met = found.get(&true).copied().unwrap_or(0.0);
                assert!(left_out < 1e-3, "{left_out}");
                assert!(
                    (met - due).abs() <= left_out + 1e-12,
                    "{part}/{of}: {met} of {due}"
                );
            }
        }
    }

    #[test]
    fn noise_has_exactly_the_distribution_of_the_proof() {
        for (numerator, denominator) in [(1, 1), (2, 1), (3, 2), (1, 2)] {
            let scale = LaplaceScale::new(numerator, denominator).unwrap();
            let (found, left_out) = probabilities(|path| scale.draw(path), 1e-7);
            assert!(left_out < 0.13, "{scale:?}: {left_out}");
            let decay = (-(denominator as f64) / numerator as f64).exp();
            let least = (1.0 - decay) / (1.0 + decay);
            for number in -4_i128..=4 {
                let due = least * decay.powi(i32::try_from(number.abs()).unwrap());
                let met = found.get(&number).copied().unwrap_or(0.0);
                assert!(
                    met <= due + 1e-9 && due <= met + left_out + 1e-9,
                    "{scale:?} {number}: {met} of {due}, {left_out} left out"
                );
            }
        }
    }

    #[test]
    fn numbers_below_a_bound_are_equally_likely() {
        for bound in 1..=17_u128 {
            let mut met = vec![0; usize::try_from(bound).unwrap()];
            for word in 0..32_u64 {
                // The second word ends a draw whose first word was too large.
                let mut words = [word, 0].into_iter();
                let drawn = RandomBits(|| words.next().unwrap_or(0)).draw_below(bound);
                let needed = u128::BITS - (bound - 1).leading_zeros();
                if u128::from(word) % (1 << needed) < bound {
                    assert_eq!(drawn, u128::from(word) % (1 << needed));
                    met[usize::try_from(drawn).unwrap()] += 1;
                }
            }
            assert!(met.iter().all(|count| *count == met[0]), "{bound}: {met:?}");
        }
        assert_eq!(RandomBits(|| 7).draw_below(0), 0);
        assert_eq!(RandomBits(|| 7).draw_below(1 << 80), 7 << 64 | 7);
    }

    #[test]
    fn a_scale_is_a_fraction_that_fits() {
        assert_eq!(LaplaceScale::new(4, 6), LaplaceScale::new(2, 3));
        for (numerator, denominator) in [(0, 1), (1, 0), (0, 0), (u128::MAX, 1), (1, u128::MAX)] {
            assert_eq!(LaplaceScale::new(numerator, denominator), None);
        }
        let wide = LaplaceScale::new(MOST, 1).unwrap();
        let mut word = 0_u64;
        let mut bits = RandomBits(|| {
            word = word
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            word.rotate_left(32)
        });
        assert!((0..100).any(|_| wide.draw(&mut bits).unsigned_abs() > 1 << 90));
    }
}
