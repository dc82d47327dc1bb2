//! Words that differ between two texts.

/// Largest product of the numbers of words that are compared word by word. Longer texts differ as wholes.
const MOST_PAIRS: usize = 250_000;

/// Words one after another, in both texts or in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WordRun<'a> {
    /// The words, with the spaces behind them.
    pub(crate) text: &'a str,
    /// `true` if both texts have them.
    pub(crate) is_common: bool,
}

/// Words of two texts: those of the longest common sequence, and the others.
pub(crate) fn compare_words<'a>(
    old: &'a str,
    new: &'a str,
) -> (Vec<WordRun<'a>>, Vec<WordRun<'a>>) {
    let old_words = split_words(old);
    let new_words = split_words(new);
    if old_words.len().saturating_mul(new_words.len()) > MOST_PAIRS {
        let is_common = old == new;
        let make_run = |text| vec![WordRun { text, is_common }];
        return (make_run(old), make_run(new));
    }
    let lengths = measure_sequences(&old_words, &new_words);
    let length = |row: usize, column: usize| {
        let row = lengths.get(row);
        row.and_then(|row| row.get(column)).copied().unwrap_or(0)
    };
    let (mut row, mut column) = (0, 0);
    let (mut old_runs, mut new_runs) = (Vec::new(), Vec::new());
    loop {
        match (old_words.get(row), new_words.get(column)) {
            (Some(&old), Some(&new)) if is_same_word(old, new) => {
                old_runs.push(WordRun {
                    text: old,
                    is_common: true,
                });
                new_runs.push(WordRun {
                    text: new,
                    is_common: true,
                });
                row = row.saturating_add(1);
                column = column.saturating_add(1);
            }
            (Some(&old), new)
                if new.is_none()
                    || length(row.saturating_add(1), column)
                        >= length(row, column.saturating_add(1)) =>
            {
                old_runs.push(WordRun {
                    text: old,
                    is_common: false,
                });
                row = row.saturating_add(1);
            }
            (_, Some(&new)) => {
                new_runs.push(WordRun {
                    text: new,
                    is_common: false,
                });
                column = column.saturating_add(1);
            }
            (_, None) => return (old_runs, new_runs),
        }
    }
}

/// Words, each with the spaces behind it.
fn split_words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

fn is_same_word(old: &str, new: &str) -> bool {
    old.trim_end() == new.trim_end()
}

/// Lengths of the longest common sequences of the words from each place on (dynamic programming from the end).
fn measure_sequences(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0_usize; new.len().saturating_add(1)]];
    for old_word in old.iter().rev() {
        let below = lengths.last().cloned().unwrap_or_default();
        let mut row = vec![0_usize];
        for (index, new_word) in new.iter().rev().enumerate() {
            // Both rows run from the end of the text, too, until they are turned around.
            let diagonal = below.get(index).copied().unwrap_or(0);
            let above = below.get(index.saturating_add(1)).copied().unwrap_or(0);
            let before = row.last().copied().unwrap_or(0);
            row.push(match is_same_word(old_word, new_word) {
                true => diagonal.saturating_add(1),
                false => above.max(before),
            });
        }
        lengths.push(row);
    }
    lengths.reverse();
    for row in &mut lengths {
        row.reverse();
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(runs: &[WordRun<'_>]) -> String {
        let runs = runs.iter();
        runs.map(|run| match run.is_common {
            true => run.text.to_owned(),
            false => format!("[{}]", run.text),
        })
        .collect()
    }

    fn check(old: &str, new: &str, expected_old: &str, expected_new: &str) {
        let (old_runs, new_runs) = compare_words(old, new);
        assert_eq!(mark(&old_runs), expected_old);
        assert_eq!(mark(&new_runs), expected_new);
    }

    #[test]
    fn the_words_that_differ_are_marked() {
        check("", "", "", "");
        check("a b c", "a b c", "a b c", "a b c");
        check("", "a b", "", "[a ][b]");
        check(
            "at most 10,000 rows a day",
            "at most 500 rows a week",
            "at most [10,000 ]rows a [day]",
            "at most [500 ]rows a [week]",
        );
        check("b c d", "a b c d e", "b c d", "[a ]b c d [e]");
    }

    #[test]
    fn no_word_is_lost_and_long_texts_differ_as_wholes() {
        let join = |runs: &[WordRun<'_>]| -> String { runs.iter().map(|run| run.text).collect() };
        let texts = [
            "one two three",
            "three two one",
            "",
            "two\ttwo  two",
            "é one",
            " one",
        ];
        for old in texts {
            for new in texts {
                let (old_runs, new_runs) = compare_words(old, new);
                assert_eq!(
                    (join(&old_runs), join(&new_runs)),
                    (old.to_owned(), new.to_owned())
                );
                let common = |runs: &[WordRun<'_>]| -> Vec<String> {
                    let runs = runs.iter().filter(|run| run.is_common);
                    runs.map(|run| run.text.trim_end().to_owned()).collect()
                };
                assert_eq!(common(&old_runs), common(&new_runs));
            }
        }
        let long = "word ".repeat(2_000);
        let longer = format!("{long}end");
        let (old_runs, _) = compare_words(&long, &longer);
        assert_eq!(old_runs.len(), 1);
        assert!(!old_runs[0].is_common);
    }
}
