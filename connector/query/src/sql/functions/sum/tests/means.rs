//! Comparison of grouped averages with exact arithmetic.

use super::*;

/// Number of additional decimal places of an average.
fn more_places() -> u32 {
    match average_function().return_type(&[DataType::Decimal128(38, 2)]) {
        Ok(DataType::Decimal128(_, scale)) => u32::try_from(scale - 2).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Average of some values of a column, or an error if its type can't hold it.
fn exact_average(column: &str, numbers: &[i64]) -> Result<Option<i256>, ()> {
    let wide = |number: i64| match column {
        "d" => i256::from_i128(i128::from(number) * TEN18),
        _ => i256::from(number),
    };
    let sum = numbers
        .iter()
        .fold(i256::ZERO, |sum, number| sum + wide(*number));
    if numbers.is_empty() {
        return Ok(None);
    }
    let many = i256::from_i128(i128::try_from(numbers.len()).unwrap());
    if column != "d" {
        return Ok(Some(sum / many));
    }
    let sum = sum * i256::from_i128(10).wrapping_pow(more_places());
    // Rounding half away from zero.
    let half = many / i256::from_i128(2);
    let mean = if sum < i256::ZERO {
        (sum - half) / many
    } else {
        (sum + half) / many
    };
    let most = i256::from_i128(Decimal128Type::MAX_FOR_EACH_PRECISION[38]);
    if mean > most || mean < -most {
        return Err(());
    }
    Ok(Some(mean))
}

#[test]
fn an_average_by_group_is_exact_or_ends_the_question() {
    let (mut right, mut ended) = (0, 0);
    let first = seed("HANSA_PROPERTY_SEED");
    for seed in (0..60).map(|more| first.wrapping_add(more)) {
        let rows = TypedNumbers::random(seed);
        let context = context(&rows);
        context.register_udaf(average_function().as_ref().clone());
        for column in ["d", "t"] {
            for only in ["", " FILTER (WHERE id % 2 = 0)"] {
                let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
                for (row, key) in rows.keys.iter().enumerate() {
                    let group = groups.entry(*key).or_default();
                    if only.is_empty() || row % 2 == 0 {
                        group.extend(rows.numbers[row]);
                    }
                }
                let exactly: Result<BTreeMap<i64, Option<i256>>, ()> = groups
                    .into_iter()
                    .map(|(key, numbers)| Ok((key, exact_average(column, &numbers)?)))
                    .collect();
                let sql = format!("SELECT k, avg({column}){only} FROM r GROUP BY k");
                let reported = asked(&context, &sql);
                match exactly {
                    Ok(means) => {
                        right += 1;
                        assert_eq!(reported.unwrap(), means, "seed {seed}: {sql}");
                    }
                    Err(()) => {
                        ended += 1;
                        let refusal = reported.expect_err(&format!("seed {seed}: {sql}"));
                        assert_eq!(refusal.code, ErrorCode::SumOverflow, "seed {seed}: {sql}");
                    }
                }
            }
        }
    }
    // Both cases must be frequent, or the test has little meaning.
    assert!(right > 50 && ended > 10, "{right} averages, {ended} ends");
}

/// Sums that exceed 128 bits temporarily.
#[test]
fn a_sum_of_decimals_by_group_is_exact_beyond_128_bits() {
    use datafusion::arrow::array::BooleanArray;
    use datafusion_expr::EmitTo;

    let kind = DataType::Decimal128(38, 0);
    let most = Decimal128Type::MAX_FOR_EACH_PRECISION[38];
    let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
    for _ in 0..200 {
        let mut groups = [const { Vec::<i128>::new() }; 3];
        let mut accumulators =
            [0, 1].map(|_| group_sums::SumGroupsAccumulator::<Decimal128Type>::of(kind.clone()));
        for _ in 0..random.random_range(1..8) {
            let many = random.random_range(1..10);
            let rows: Vec<(usize, i128)> = (0..many)
                .map(|_| {
                    let value = most / random.random_range(1..3);
                    let sign = if random.random_bool(0.5) { 1 } else { -1 };
                    (random.random_range(0..3), value * sign)
                })
                .collect();
            let values = Decimal128Array::from_iter_values(rows.iter().map(|(_, value)| *value));
            let values: ArrayRef = Arc::new(values.with_data_type(kind.clone()));
            let indices: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
            let is_kept = random
                .random_bool(0.5)
                .then(|| BooleanArray::from(vec![true; many]));
            let one = &mut accumulators[random.random_range(0..2)];
            one.update_batch(&[values], &indices, is_kept.as_ref(), 3)
                .unwrap();
            for (group, value) in rows {
                groups[group].push(value);
            }
        }
        let [mut all, mut part] = accumulators;
        let state = part.state(EmitTo::All).unwrap();
        all.merge_batch(&state, &[0, 1, 2][..state[0].len()], 3)
            .unwrap();
        let mut reported = Vec::new();
        for _ in 0..3 {
            let (sums, seen) = all.take_sums(EmitTo::First(1)).unwrap();
            reported.push(seen.is_valid(0).then_some(sums[0]));
        }
        let exactly = groups.map(|values| {
            let sum = |sum, value: &i128| sum + i256::from_i128(*value);
            (!values.is_empty()).then(|| values.iter().fold(i256::ZERO, sum))
        });
        assert_eq!(reported, exactly);
    }
}
