//! Term 4: the declared purpose is a named one or narrower. Also the taxonomy of purposes.

pub(super) mod purpose_terms;

use crate::id::PurposeId;
use crate::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A purpose that a provider defined itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnPurpose {
    /// Name of the purpose.
    pub name: PurposeId,
    /// Purpose of the vocabulary of which it is a part.
    pub parent: PurposeId,
    /// Meaning for people.
    pub text: String,
}

/// Taxonomy of purposes, identified by version and digest. A purpose may have several parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    /// Version and digest, `2.1:sha256:…`, as in contracts.
    pub label: String,
    /// Direct parents of each purpose of the vocabulary. Shared, so that a decision copies nothing.
    vocabulary: Arc<BTreeMap<PurposeId, Vec<PurposeId>>>,
    /// Direct parents of the contract's own purposes.
    own: BTreeMap<PurposeId, Vec<PurposeId>>,
}

impl Taxonomy {
    /// Taxonomy of a vocabulary: each purpose with its direct parents.
    #[must_use]
    pub fn new(label: String, vocabulary: BTreeMap<PurposeId, Vec<PurposeId>>) -> Self {
        Self {
            label,
            vocabulary: Arc::new(vocabulary),
            own: BTreeMap::new(),
        }
    }

    /// All purposes, those of the vocabulary first.
    pub fn purposes(&self) -> impl Iterator<Item = &PurposeId> {
        self.vocabulary.keys().chain(self.own.keys())
    }

    /// Direct parents of a purpose; none for an unknown purpose.
    #[must_use]
    pub fn parents(&self, purpose: &PurposeId) -> Option<&[PurposeId]> {
        let found = self.own.get(purpose);
        found
            .or_else(|| self.vocabulary.get(purpose))
            .map(Vec::as_slice)
    }

    /// True if the purpose is known.
    #[must_use]
    pub fn contains(&self, purpose: &PurposeId) -> bool {
        self.parents(purpose).is_some()
    }

    /// True if `declared` equals `needed` or is narrower. An unknown purpose covers nothing and is not covered.
    #[must_use]
    pub fn covers(&self, needed: &PurposeId, declared: &PurposeId) -> bool {
        if !self.contains(needed) {
            return false;
        }
        let mut seen = BTreeSet::new();
        let mut open = vec![declared];
        while let Some(purpose) = open.pop() {
            // Guard against cycles in the taxonomy.
            if !seen.insert(purpose) {
                continue;
            }
            let Some(parents) = self.parents(purpose) else {
                continue;
            };
            if purpose == needed {
                return true;
            }
            open.extend(parents);
        }
        false
    }

    /// True if the purpose has no parent. A root covers nearly all purposes.
    #[must_use]
    pub fn is_root(&self, purpose: &PurposeId) -> bool {
        self.parents(purpose).is_some_and(<[PurposeId]>::is_empty)
    }

    /// All purposes that one of `needed` covers, in order.
    #[must_use]
    pub fn covered_by(&self, needed: &[PurposeId]) -> Vec<PurposeId> {
        let covered = |purpose: &&PurposeId| needed.iter().any(|one| self.covers(one, purpose));
        let covered: BTreeSet<&PurposeId> = self.purposes().filter(covered).collect();
        covered.into_iter().cloned().collect()
    }

    /// Taxonomy with the contract's own purposes. Their parents are those that the contract states.
    ///
    /// # Errors
    /// `TERM_UNKNOWN` when an own purpose has the name of a purpose of the vocabulary, has an unknown parent, or is its own
    /// ancestor.
    pub fn with_own(&self, own: &[OwnPurpose]) -> Result<Self, Refusal> {
        let mut whole = self.clone();
        for purpose in own {
            if purpose.name.as_str().starts_with("dpv:") {
                return Err(Refusal::new(
                    ErrorCode::TermUnknown,
                    format!("`{}` can't be an own purpose", purpose.name),
                )
                .with_help("own purposes have names without a prefix"));
            }
            whole
                .own
                .insert(purpose.name.clone(), vec![purpose.parent.clone()]);
        }
        for purpose in own {
            if !whole.contains(&purpose.parent) {
                return Err(Refusal::new(
                    ErrorCode::TermUnknown,
                    format!(
                        "the purpose `{}` is part of `{}`, which is unknown",
                        purpose.name, purpose.parent
                    ),
                ));
            }
            if let Some(chain) = whole.loop_above(&purpose.name) {
                return Err(Refusal::new(
                    ErrorCode::TermUnknown,
                    format!("own purposes are each part of the next in a loop: {chain}"),
                )
                .with_help("give one of them a parent of the vocabulary, such as dpv:ResearchAndDevelopment"));
            }
        }
        Ok(whole)
    }

    /// Cycle of own purposes from `first` back to `first`, as text; none if there is no such cycle.
    fn loop_above(&self, first: &PurposeId) -> Option<String> {
        let mut chain = format!("`{first}`");
        let mut seen = BTreeSet::from([first]);
        let mut next = self.own.get(first)?.first()?;
        loop {
            chain.push_str(&format!(" is part of `{next}`"));
            if next == first {
                return Some(chain);
            }
            // A cycle without `first` is reported for the purposes in it.
            if !seen.insert(next) {
                return None;
            }
            chain.push_str(", which");
            next = self.own.get(next)?.first()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::random_terms::SeededRandom;

    /// Random taxonomy over `p0 … p(n-1)`, with cycles, since an invalid vocabulary must not hang a decision.
    fn tree(random: &mut SeededRandom, size: usize) -> Taxonomy {
        let name = |number: usize| format!("p{number}").parse::<PurposeId>().unwrap();
        let parents = (0..size)
            .map(|number| {
                let parents = random.make_list(2, |random| name(random.draw_below(size + 1)));
                (name(number), parents)
            })
            .collect();
        Taxonomy::new("test".to_owned(), parents)
    }

    #[test]
    fn covering_is_reflexive_and_transitive() {
        let mut random = SeededRandom(3);
        for _ in 0..200 {
            let tree = tree(&mut random, 7);
            let all: Vec<&PurposeId> = tree.purposes().collect();
            for a in &all {
                assert!(tree.covers(a, a));
                for b in &all {
                    for c in &all {
                        if tree.covers(a, b) && tree.covers(b, c) {
                            assert!(tree.covers(a, c), "{a} {b} {c} in {tree:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_unknown_covers_nothing() {
        let tree = tree(&mut SeededRandom(5), 4);
        let known = tree.purposes().next().unwrap();
        let unknown: PurposeId = "elsewhere".parse().unwrap();
        assert!(!tree.covers(known, &unknown));
        assert!(!tree.covers(&unknown, known));
        assert!(!tree.covers(&unknown, &unknown));
    }

    #[test]
    fn own_purposes_hang_below_known_ones() {
        let tree = crate::fixture::small_taxonomy();
        let own = |name: &str, parent: &str| {
            tree.with_own(&[OwnPurpose {
                name: name.parse().unwrap(),
                parent: parent.parse().unwrap(),
                text: String::new(),
            }])
        };
        let whole = own("bikes", "dpv:Research").unwrap();
        assert!(whole.covers(&"dpv:Purpose".parse().unwrap(), &"bikes".parse().unwrap()));
        assert_eq!(
            own("dpv:Bikes", "dpv:Research").unwrap_err().code,
            ErrorCode::TermUnknown
        );
        assert_eq!(
            own("bikes", "dpv:Gone").unwrap_err().code,
            ErrorCode::TermUnknown
        );
    }

    #[test]
    fn a_loop_of_own_purposes_is_refused_with_the_loop() {
        let tree = crate::fixture::small_taxonomy();
        let among = |own: &[(&str, &str)]| {
            let own = own.iter().map(|(name, parent)| OwnPurpose {
                name: name.parse().unwrap(),
                parent: parent.parse().unwrap(),
                text: String::new(),
            });
            tree.with_own(&own.collect::<Vec<_>>())
        };
        among(&[("a", "b"), ("b", "c"), ("c", "dpv:Research")]).unwrap();
        let refused = |own: &[(&str, &str)]| {
            let refusal = among(own).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::TermUnknown);
            refusal.sentence
        };
        assert!(refused(&[("a", "a")]).ends_with(": `a` is part of `a`"));
        let text = refused(&[("d", "a"), ("a", "b"), ("b", "c"), ("c", "a")]);
        assert!(
            text.ends_with(": `a` is part of `b`, which is part of `c`, which is part of `a`"),
            "{text}"
        );
    }
}
