//! Lists that somebody published and that a contract names by the SHA-256 digest of their file: areas with their outlines,
//! and tables of what a value counts as. The provider holds the files; what it does not hold it can't execute.

pub mod area_list;
pub mod hierarchy_table;
mod missing_list;

use crate::group::GroupName;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::place_cells::PlaceCellsTerm;
use crate::term::{Clause, Term, cite};
use crate::value::cell::CellSize;
use area_list::AreaList;
use hansa_audit_log::digest::Digest;
use hierarchy_table::HierarchyTable;
use missing_list::lacks;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The lists that a participant holds, by the digest of their file.
#[derive(Debug, Clone, Default)]
pub struct PublishedLists {
    lists: BTreeMap<Digest, PublishedList>,
    groups: BTreeSet<GroupName>,
}

/// One list.
#[derive(Debug, Clone)]
pub enum PublishedList {
    /// Areas.
    Areas(Arc<AreaList>),
    /// What values count as.
    Levels(Arc<HierarchyTable>),
}

impl PublishedLists {
    /// Takes in a list; `digest` is that of its file.
    pub fn hold(&mut self, digest: Digest, list: PublishedList) {
        self.lists.insert(digest, list);
    }

    /// The groups of which there is a list, from now on.
    pub fn know_groups(&mut self, groups: BTreeSet<GroupName>) {
        self.groups = groups;
    }

    /// All of them.
    pub fn lists(&self) -> impl Iterator<Item = (&Digest, &PublishedList)> {
        self.lists.iter()
    }

    /// The areas of a list.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where there is no such list, or it is of another kind.
    pub fn areas(&self, digest: &Digest) -> Result<&Arc<AreaList>, Refusal> {
        match self.lists.get(digest) {
            Some(PublishedList::Areas(areas)) => Ok(areas),
            Some(PublishedList::Levels(_)) => {
                Err(lacks(format!("the list {} holds no areas", digest)))
            }
            None => Err(lacks(format!(
                "the list {digest} of areas is not held here"
            ))),
        }
    }

    /// The table of a list.
    ///
    /// # Errors
    /// As [`PublishedLists::areas`].
    pub fn levels(&self, digest: &Digest) -> Result<&Arc<HierarchyTable>, Refusal> {
        match self.lists.get(digest) {
            Some(PublishedList::Levels(levels)) => Ok(levels),
            Some(PublishedList::Areas(_)) => Err(lacks(format!("the list {digest} is no table"))),
            None => Err(lacks(format!("the table {digest} is not held here"))),
        }
    }

    /// The first of the clauses that can't be executed with these lists, as a refusal that cites it.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE`.
    pub fn execute(&self, clauses: &[Clause]) -> Result<(), Refusal> {
        for clause in clauses {
            let held = match &clause.term {
                Term::PublishedArea(area) => self
                    .areas(&area.list)
                    .and_then(|areas| areas.select(&area.which).map(|_| ())),
                Term::Lookup(lookup) => self
                    .levels(&lookup.table)
                    .and_then(|levels| levels.level(&lookup.level).map(|_| ())),
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
            held.map_err(|refusal| cite(refusal, clause))?;
        }
        Ok(())
    }
}

/// The refusal of a clause whose group has no list here, or none of which its reader may know.
#[must_use]
pub fn no_group(clause: &Clause, name: &GroupName) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::TermNotExecutableHere,
        format!("there is no group `{name}` here"),
    )
    .with_help(format!("hansa group add {name} PARTICIPANT makes it"));
    cite(refusal, clause)
}
