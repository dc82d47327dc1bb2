//! The text of a configuration of which recipes are made.

use std::fmt::Debug;

/// Names that types and fields had when the form of recipes was fixed, beside those that they have now.
const NAMES: [(&str, &str); 9] = [
    ("location: ConfigLocation {", "place: Spot {"),
    ("place: ConfigLocation {", "place: Spot {"),
    ("SqlIdentifier(", "Name("),
    ("PrepareStatement {", "Prepare {"),
    ("ResultColumnConfig {", "ResultConfig {"),
    ("ConversionFactor {", "Factor {"),
    ("ColumnDescription {", "About {"),
    ("UnpivotConfig {", "Unpivot {"),
    ("PostgresEndpoint {", "Server {"),
];

/// The text of a part of a configuration, the same in every version: a digest of it stands in manifests, and a feed goes on
/// only under the recipe with which it was begun.
#[must_use]
pub fn recipe_text(part: &impl Debug) -> String {
    let mut text = format!("{part:?}");
    for (now, then) in NAMES {
        text = text.replace(now, then);
    }
    text
}
