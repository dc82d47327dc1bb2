//! The state of `approx_distinct`: of each of 16,384 registers the highest rank of a hash, after Flajolet's HyperLogLog. What it
//! holds depends on the values alone, and not on their order or how often they come; two are put together by the higher ranks.
//!
//! Version 1 as bytes: registers that are not zero in the order of their numbers, two bytes of the number, the lesser first, and
//! one of the rank; where one byte for each register is shorter, that. So a state is no longer than three bytes for each value,
//! whatever the size of its group.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt64Type};
use datafusion::functions_aggregate::approx_distinct::approx_distinct_udaf;
use datafusion_common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion_common::{Result, internal_datafusion_err};
use datafusion_expr::EmitTo;
use datafusion_expr::function::AccumulatorArgs;
use std::sync::Arc;

/// How many there are.
const REGISTERS: usize = 1 << BITS;

/// The bits of a hash that say which.
const BITS: u32 = 14;

/// The highest rank: the other bits of the hash are all zero.
const HIGHEST: u8 = 51;

/// So many are held one by one, more of them with all others.
const FEW: usize = 1024;

/// So many are counted by the engine without a byte for each register.
const SPARSE: usize = 256;

/// The types of values that can be told apart. Those of which the engine counts exactly, and those that it does not take, are not
/// among them.
pub(super) const fn takes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Int32
            | DataType::Int64
            | DataType::UInt32
            | DataType::UInt64
            | DataType::Date32
            | DataType::Timestamp(_, _)
            | DataType::Duration(_)
            | DataType::Decimal128(_, _)
            | DataType::Decimal256(_, _)
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
    )
}

/// The registers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum HyperLogLogRegisters {
    /// Those that are not zero, in the order of their numbers.
    Few(Vec<(u16, u8)>),
    /// The rank of each.
    All(Vec<u8>),
}

impl Default for HyperLogLogRegisters {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl HyperLogLogRegisters {
    /// Takes values in; NULL is none.
    pub(super) fn add(&mut self, values: &ArrayRef) -> Result<()> {
        // The engine hashes short texts of this type in another way, so that it would matter how a participant holds them.
        let values = match values.data_type() {
            DataType::Utf8View => cast(values, &DataType::Utf8)?,
            _ => Arc::clone(values),
        };
        let mut hashes = vec![0; values.len()];
        create_hashes([&values], &HLL_RANDOM_STATE, &mut hashes)?;
        let nulls = values.logical_nulls();
        for (row, hash) in hashes.into_iter().enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let (number, rank) = place(hash);
                self.raise(number, rank);
            }
        }
        Ok(())
    }

    /// Takes a state in, if it is one.
    pub(super) fn merge(&mut self, state: &[u8]) -> Option<()> {
        for (number, rank) in read(state)? {
            self.raise(number, rank);
        }
        Some(())
    }

    /// The state of them; nothing where there was no value.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        let set = self.set();
        if set.is_empty() {
            return None;
        }
        if set.len().saturating_mul(3) > REGISTERS {
            return Some(dense(&set));
        }
        let one = |(number, rank): &(u16, u8)| {
            let [low, high] = number.to_le_bytes();
            [low, high, *rank]
        };
        Some(set.iter().flat_map(one).collect())
    }

    /// How many different values there are, as the engine counts them.
    pub(super) fn count(&self) -> Result<u64> {
        let set = self.set();
        let state = if set.len() > SPARSE {
            dense(&set)
        } else {
            let hashes = set.iter().map(|(number, rank)| hash(*number, *rank));
            hashes.flat_map(u64::to_le_bytes).collect()
        };
        let field: FieldRef = Arc::new(Field::new("state", DataType::Binary, false));
        let mut engine = approx_distinct_udaf().create_groups_accumulator(AccumulatorArgs {
            return_field: Arc::new(Field::new("count", DataType::UInt64, false)),
            schema: &Schema::empty(),
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: "approx_distinct",
            is_distinct: false,
            exprs: &[],
            expr_fields: &[field],
        })?;
        let states: ArrayRef = Arc::new(BinaryArray::from_iter_values([state]));
        engine.merge_batch(&[states], &[0], 1)?;
        let counts = engine.evaluate(EmitTo::All)?;
        let counts = counts.as_primitive_opt::<UInt64Type>();
        counts
            .and_then(|counts| counts.iter().flatten().next())
            .ok_or_else(|| internal_datafusion_err!("a count of one group is missing"))
    }

    /// Bytes that they hold beside themselves.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(few) => few.capacity().saturating_mul(size_of::<(u16, u8)>()),
            Self::All(all) => all.capacity(),
        }
    }

    /// Those that are not zero, in the order of their numbers.
    fn set(&self) -> Vec<(u16, u8)> {
        match self {
            Self::Few(few) => few.clone(),
            Self::All(all) => set(all),
        }
    }

    fn raise(&mut self, number: u16, rank: u8) {
        match self {
            Self::Few(few) => match few.binary_search_by_key(&number, |(known, _)| *known) {
                Ok(at) => {
                    if let Some((_, known)) = few.get_mut(at) {
                        *known = rank.max(*known);
                    }
                }
                Err(at) => {
                    few.insert(at, (number, rank));
                    if few.len() > FEW {
                        *self = Self::All(dense(few));
                    }
                }
            },
            Self::All(all) => {
                if let Some(known) = all.get_mut(usize::from(number)) {
                    *known = rank.max(*known);
                }
            }
        }
    }
}

/// The register and rank of a hash, as the engine has them.
fn place(hash: u64) -> (u16, u8) {
    let number = u16::try_from(hash % (1 << BITS)).unwrap_or(0);
    let zeros = ((hash >> BITS) | (1 << (u64::BITS - BITS))).trailing_zeros();
    (number, u8::try_from(zeros).unwrap_or(0).saturating_add(1))
}

/// A hash of that register and rank.
fn hash(number: u16, rank: u8) -> u64 {
    // Of the highest rank all bits above the number are zero.
    let bit = 1_u64.checked_shl(u32::from(rank).saturating_add(BITS - 1));
    u64::from(number) | bit.unwrap_or(0)
}

/// One byte for each register.
fn dense(set: &[(u16, u8)]) -> Vec<u8> {
    let mut all = vec![0; REGISTERS];
    for (number, rank) in set {
        if let Some(one) = all.get_mut(usize::from(*number)) {
            *one = *rank;
        }
    }
    all
}

fn set(dense: &[u8]) -> Vec<(u16, u8)> {
    (0..)
        .zip(dense.iter().copied())
        .filter(|(_, rank)| *rank > 0)
        .collect()
}

/// The registers of a state that are not zero, if it is one.
fn read(state: &[u8]) -> Option<Vec<(u16, u8)>> {
    let found = if state.len() == REGISTERS {
        set(state)
    } else {
        let (ones, rest) = state.as_chunks::<3>();
        if !rest.is_empty() || state.len() > REGISTERS {
            return None;
        }
        ones.iter()
            .map(|[low, high, rank]| (u16::from_le_bytes([*low, *high]), *rank))
            .collect()
    };
    let ascending = found.is_sorted_by(|(one, _), (next, _)| one < next);
    let known = |(number, rank): &(u16, u8)| {
        usize::from(*number) < REGISTERS && (1..=HIGHEST).contains(rank)
    };
    (!found.is_empty() && ascending && found.iter().all(known)).then_some(found)
}
