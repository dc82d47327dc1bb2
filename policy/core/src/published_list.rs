//! Published lists that contracts name by the SHA-256 digest of their file: areas with outlines, and tables of hierarchies.
//! The provider stores the files. A clause whose file is missing can't be executed.

pub mod area_list;
pub mod hierarchy_table;
mod missing_list;

use crate::group::GroupName;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::place_cells::PlaceCellsTerm;
use crate::term::{Clause, Term, cite_clause};
use crate::value::cell::CellSize;
use area_list::AreaList;
use hansa_audit_log::digest::Digest;
use hierarchy_table::HierarchyTable;
use missing_list::missing_list_refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Published lists that a participant has, by the digest of their file.
#[derive(Debug, Clone, Default)]
pub struct PublishedLists {
    lists: BTreeMap<Digest, PublishedList>,
    groups: BTreeSet<GroupName>,
}

/// Published list.
#[derive(Debug, Clone)]
pub enum PublishedList {
    /// Areas with outlines.
    Areas(Arc<AreaList>),
    /// Levels of a hierarchy.
    Levels(Arc<HierarchyTable>),
}

impl PublishedLists {
    /// Adds a list under the digest of its file.
    pub fn add_list(&mut self, digest: Digest, list: PublishedList) {
        self.lists.insert(digest, list);
    }

    /// Sets the groups for which there is a members' list.
    pub fn know_groups(&mut self, groups: BTreeSet<GroupName>) {
        self.groups = groups;
    }

    /// All lists with the digests of their files.
    pub fn lists(&self) -> impl Iterator<Item = (&Digest, &PublishedList)> {
        self.lists.iter()
    }

    /// Areas of a list.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where the list is missing or of another kind.
    pub fn areas(&self, digest: &Digest) -> Result<&Arc<AreaList>, Refusal> {
        match self.lists.get(digest) {
            Some(PublishedList::Areas(areas)) => Ok(areas),
            Some(PublishedList::Levels(_)) => Err(missing_list_refusal(format!(
                "the list {} holds no areas",
                digest
            ))),
            None => Err(missing_list_refusal(format!(
                "the list {digest} of areas is not held here"
            ))),
        }
    }

    /// Hierarchy table of a list.
    ///
    /// # Errors
    /// As [`PublishedLists::areas`].
    pub fn levels(&self, digest: &Digest) -> Result<&Arc<HierarchyTable>, Refusal> {
        match self.lists.get(digest) {
            Some(PublishedList::Levels(levels)) => Ok(levels),
            Some(PublishedList::Areas(_)) => Err(missing_list_refusal(format!(
                "the list {digest} is no table"
            ))),
            None => Err(missing_list_refusal(format!(
                "the table {digest} is not held here"
            ))),
        }
    }

    /// Checks that all clauses can be executed with these lists. The refusal cites the first clause that can't.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE`.
    pub fn check_executable(&self, clauses: &[Clause]) -> Result<(), Refusal> {
        for clause in clauses {
            let held = match &clause.term {
                Term::PublishedArea(area) => self
                    .areas(&area.list)
                    .and_then(|areas| areas.select(&area.which).map(|_| ())),
                Term::Lookup(lookup) => self
                    .levels(&lookup.table)
                    .and_then(|levels| levels.level_index(&lookup.level).map(|_| ())),
                Term::PlaceCells(PlaceCellsTerm {
                    size: CellSize::Areas { list, show },
                    ..
                }) => self
                    .areas(list)
                    .and_then(|areas| areas.areas_by_property(show).map(|_| ())),
                Term::Group(name) if !self.groups.contains(name) => {
                    return Err(no_group(clause, name));
                }
                _ => Ok(()),
            };
            held.map_err(|refusal| cite_clause(refusal, clause))?;
        }
        Ok(())
    }
}

/// Refusal by a clause whose group has no list here, or none that the reader may know of.
#[must_use]
pub fn no_group(clause: &Clause, name: &GroupName) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::TermNotExecutableHere,
        format!("there is no group `{name}` here"),
    )
    .with_help(format!("hansa group add {name} PARTICIPANT makes it"));
    cite_clause(refusal, clause)
}
