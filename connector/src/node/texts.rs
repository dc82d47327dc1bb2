//! The texts of questions beside the log: kept for a while, erased when it is over or somebody asks for it.

use crate::node::Node;
use crate::walk::fact::{Fact, maybe};
use evidence::digest::Digest;
use evidence::json::Json;
use evidence::time::Time;
use keep::side::Held;
use policy::refusal::Refusal;
use std::sync::Arc;

/// So many stand in one record.
const MOST: usize = 500;

impl Node {
    /// Keeps the text of a question beside the log, without holding up its answer.
    pub(crate) fn keep_text(self: &Arc<Self>, salt: [u8; 16], sql: &str) {
        if self.config().keeping.sql.is_zero() {
            return;
        }
        let (node, sql, at) = (Arc::clone(self), sql.to_owned(), self.now());
        self.owed.spawn_blocking(move || {
            if let Err(refusal) = node.side.keep(at, salt, &sql) {
                tracing::warn!(%refusal, "side.text_not_kept");
            }
        });
    }

    /// Erases what is older than the configuration keeps; gives how many. Blocks.
    ///
    /// # Errors
    /// When it can't be recorded or erased.
    pub(crate) fn erase_expired(&self) -> Result<usize, Refusal> {
        let keeping = self.config().keeping.sql.as_micros();
        let keeping = i64::try_from(keeping).unwrap_or(i64::MAX);
        let before = self.now().plus_micros(keeping.saturating_neg());
        self.erase_texts("retention", Some(before), |held| held.at < before)
    }

    /// Erases the texts that are `wanted`: first it is on the books, then the keys are destroyed. Gives how many. Blocks.
    ///
    /// # Errors
    /// When it can't be recorded, and then nothing is erased; or not be erased, and then it is to be done again.
    pub(crate) fn erase_texts(
        &self,
        ground: &str,
        before: Option<Time>,
        wanted: impl Fn(&Held) -> bool,
    ) -> Result<usize, Refusal> {
        let mut texts = self.side.held()?;
        texts.retain(|held| wanted(held));
        for part in texts.chunks(MOST) {
            let objects: Vec<Digest> = part.iter().map(|held| held.commit).collect();
            let _durable = self.record_now(Fact::new(
                "erase",
                [
                    ("class", Json::text("sql")),
                    ("ground", Json::text(ground)),
                    ("before", maybe(before)),
                    (
                        "objects",
                        Json::List(objects.iter().map(Json::text).collect()),
                    ),
                ],
            ))?;
            self.side.erase(part)?;
        }
        Ok(texts.len())
    }
}
