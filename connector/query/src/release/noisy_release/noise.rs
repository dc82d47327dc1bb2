//! Noise of a release, computed from its seed.

use super::cell_totals::CellTotals;
use hansa_policy::noise::{LaplaceScale, RandomBits};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;

/// Adds noise to every value of every cell, including empty cells. The values of a cell share the budget: each of `k` kinds of
/// values gets one part in `k`.
pub(super) fn add_noise(
    totals: &mut CellTotals,
    budget: &PrivacyBudgetTerm,
    seed: &[u8; 32],
) -> Result<(), Refusal> {
    let mut stream = NoiseStream::from_seed(seed, "hansa/noise/1");
    let mut bits = RandomBits(|| stream.next_word());
    let scale = |most: u128| -> Result<LaplaceScale, Refusal> {
        let numerator = budget
            .sensitivity(most)
            .saturating_mul(budget.noisy_number_count())
            .saturating_mul(1_000_000);
        let denominator = u128::from(budget.each.millionths());
        LaplaceScale::new(numerator, denominator).ok_or_else(|| {
            Refusal::new(ErrorCode::Internal, "the noise of a budget can't be drawn")
        })
    };
    let one = scale(1)?;
    let reaches: Vec<u128> = totals.reaches().to_vec();
    let wide = reaches
        .into_iter()
        .map(scale)
        .collect::<Result<Vec<LaplaceScale>, _>>()?;
    for cell in totals.cells_mut() {
        cell.count = cell.count.saturating_add(one.draw(&mut bits));
        for (measure, scale) in cell.measures.iter_mut().zip(&wide) {
            measure.count = measure.count.saturating_add(one.draw(&mut bits));
            measure.sum = measure.sum.saturating_add(scale.draw(&mut bits));
        }
    }
    Ok(())
}

/// Pseudo-random bytes that are unpredictable without the seed: BLAKE3 as a keyed extendable-output function.
pub(super) struct NoiseStream(blake3::OutputReader);

impl NoiseStream {
    /// Stream for a purpose.
    pub(super) fn from_seed(seed: &[u8; 32], label: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher.update(label.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// Next 64 bits.
    pub(super) fn next_word(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
