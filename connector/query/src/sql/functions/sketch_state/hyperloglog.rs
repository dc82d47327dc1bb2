//! State of `approx_distinct`: 16,384 registers with the highest rank of a hash in each, as in Flajolet's HyperLogLog. It depends
//! only on the set of values, not on their order or duplicates. A merge takes the higher rank of each register.
//!
//! Format of version 1: the non-zero registers in ascending order, each with its number in two bytes (little-endian) and its rank
//! in one byte; or one byte for each register, if that is shorter. A state therefore has at most three bytes for each value.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt64Type};
use datafusion::functions_aggregate::approx_distinct::approx_distinct_udaf;
use datafusion_common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion_common::{Result, internal_datafusion_err};
use datafusion_expr::EmitTo;
use datafusion_expr::function::AccumulatorArgs;
use std::sync::Arc;

/// Number of registers.
const REGISTERS: usize = 1 << BITS;

/// Number of hash bits that select a register.
const BITS: u32 = 14;

/// Highest rank, for a hash whose other bits are all zero.
const HIGHEST: u8 = 51;

/// Maximum number of registers in the sparse form in memory.
const FEW: usize = 1024;

/// Maximum number of registers that the engine counts in its sparse form.
const SPARSE: usize = 256;

/// Checks for a supported value type. Types that the engine counts exactly or does not support are excluded.
pub(super) const fn accepts_type(kind: &DataType) -> bool {
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

/// Registers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum HyperLogLogRegisters {
    /// Non-zero registers in ascending order.
    Few(Vec<(u16, u8)>),
    /// Rank of each register.
    All(Vec<u8>),
}

impl Default for HyperLogLogRegisters {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl HyperLogLogRegisters {
    /// Adds values. NULLs are ignored.
    pub(super) fn add(&mut self, values: &ArrayRef) -> Result<()> {
        // The engine uses another hash for short texts of this type, so the result would depend on the text representation.
        let values = match values.data_type() {
            DataType::Utf8View => cast(values, &DataType::Utf8)?,
            _ => Arc::clone(values),
        };
        let mut hashes = vec![0; values.len()];
        create_hashes([&values], &HLL_RANDOM_STATE, &mut hashes)?;
        let nulls = values.logical_nulls();
        for (row, hash) in hashes.into_iter().enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let (number, rank) = register_and_rank(hash);
                self.raise(number, rank);
            }
        }
        Ok(())
    }

    /// Merges a state. Returns `None` if it is malformed.
    pub(super) fn merge(&mut self, state: &[u8]) -> Option<()> {
        for (number, rank) in read_registers(state)? {
            self.raise(number, rank);
        }
        Some(())
    }

    /// Serialises the state. Returns `None` if there was no value.
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        let set = self.set();
        if set.is_empty() {
            return None;
        }
        if set.len().saturating_mul(3) > REGISTERS {
            return Some(to_dense_registers(&set));
        }
        let one = |(number, rank): &(u16, u8)| {
            let [low, high] = number.to_le_bytes();
            [low, high, *rank]
        };
        Some(set.iter().flat_map(one).collect())
    }

    /// Distinct count, as the engine computes it.
    pub(super) fn count(&self) -> Result<u64> {
        let set = self.set();
        let state = if set.len() > SPARSE {
            to_dense_registers(&set)
        } else {
            let hashes = set
                .iter()
                .map(|(number, rank)| hash_with_rank(*number, *rank));
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

    /// Size of the heap memory, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(few) => few.capacity().saturating_mul(size_of::<(u16, u8)>()),
            Self::All(all) => all.capacity(),
        }
    }

    /// Non-zero registers in ascending order.
    fn set(&self) -> Vec<(u16, u8)> {
        match self {
            Self::Few(few) => few.clone(),
            Self::All(all) => to_sparse_registers(all),
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
                        *self = Self::All(to_dense_registers(few));
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

/// Register and rank of a hash, as in the engine.
fn register_and_rank(hash: u64) -> (u16, u8) {
    let number = u16::try_from(hash % (1 << BITS)).unwrap_or(0);
    let zeros = ((hash >> BITS) | (1 << (u64::BITS - BITS))).trailing_zeros();
    (number, u8::try_from(zeros).unwrap_or(0).saturating_add(1))
}

/// Hash with this register and rank.
fn hash_with_rank(number: u16, rank: u8) -> u64 {
    // For the highest rank, all bits above the register number are zero.
    let bit = 1_u64.checked_shl(u32::from(rank).saturating_add(BITS - 1));
    u64::from(number) | bit.unwrap_or(0)
}

/// Dense form: one byte for each register.
fn to_dense_registers(set: &[(u16, u8)]) -> Vec<u8> {
    let mut all = vec![0; REGISTERS];
    for (number, rank) in set {
        if let Some(one) = all.get_mut(usize::from(*number)) {
            *one = *rank;
        }
    }
    all
}

fn to_sparse_registers(dense: &[u8]) -> Vec<(u16, u8)> {
    (0..)
        .zip(dense.iter().copied())
        .filter(|(_, rank)| *rank > 0)
        .collect()
}

/// Non-zero registers of a state, or `None` if it is malformed.
fn read_registers(state: &[u8]) -> Option<Vec<(u16, u8)>> {
    let found = if state.len() == REGISTERS {
        to_sparse_registers(state)
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
