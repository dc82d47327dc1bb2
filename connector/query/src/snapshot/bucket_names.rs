//! The names of buckets of time in configuration and on disk.

use hansa_policy::value::time::TimeBucketWidth;

/// The name of a bucket in configuration and on disk.
#[must_use]
pub fn name_of_bucket(bucket: TimeBucketWidth) -> Option<String> {
    word_of(&BUCKETS, bucket)
}

/// The bucket of that name.
#[must_use]
pub fn bucket_named(word: &str) -> Option<TimeBucketWidth> {
    let hit = BUCKETS.iter().find(|(known, _)| *known == word);
    hit.map(|(_, bucket)| *bucket)
}

pub(super) fn word_of<T: PartialEq>(list: &[(&str, T)], value: T) -> Option<String> {
    let hit = list.iter().find(|(_, known)| *known == value);
    hit.map(|(word, _)| (*word).to_owned())
}

/// The names of buckets in configuration and on disk.
pub const BUCKETS: [(&str, TimeBucketWidth); 6] = [
    ("quarter-hour", TimeBucketWidth::QuarterHour),
    ("hour", TimeBucketWidth::Hour),
    ("day", TimeBucketWidth::Day),
    ("week", TimeBucketWidth::Week),
    ("month", TimeBucketWidth::Month),
    ("year", TimeBucketWidth::Year),
];
