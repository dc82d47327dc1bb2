//! The verbs of a connector, one file each noun.

pub(crate) mod out;
