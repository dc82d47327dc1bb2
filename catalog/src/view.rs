//! What the asker of one question may name at all. A name that is not in here does not exist.

use arrow_schema::SchemaRef;
use policy::effect::Cube;
use policy::id::{ContractId, DatasetId, Name};
use std::collections::BTreeMap;

/// The tables of one question, by the name under which the asker writes them.
#[derive(Debug, Clone, Default)]
pub struct View {
    tables: BTreeMap<Name, ViewTable>,
}

/// One governed dataset as its contract shows it.
#[derive(Debug, Clone)]
pub struct ViewTable {
    /// The dataset.
    pub dataset: DatasetId,
    /// The contract; absent for the house contract.
    pub contract: Option<ContractId>,
    /// The stored columns, complete, for the private plan.
    pub stored: SchemaRef,
    /// What the asker sees: a row table or a cube.
    pub shape: Shape,
}

/// How a contract shows a dataset.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Rows with this schema: masked and coarsened columns keep type and become nullable where the mask is NULL.
    Rows(SchemaRef),
    /// Cells only. `base` is what row-style SQL may name (dimensions and measures, usable in aggregate blocks alone);
    /// `cells` is the relation `NAME.cube`: the dimensions, `n`, and per measure `cnt_<m>` and `sum_<m>`.
    Cube {
        /// The cube.
        cube: Cube,
        /// Schema of the row-style table.
        base: SchemaRef,
        /// Schema of the cube relation.
        cells: SchemaRef,
    },
}

impl View {
    /// A view of these tables.
    #[must_use]
    pub const fn new(tables: BTreeMap<Name, ViewTable>) -> Self {
        Self { tables }
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&ViewTable> {
        self.tables
            .iter()
            .find(|(known, _)| known.as_str() == name)
            .map(|(_, table)| table)
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = (&Name, &ViewTable)> {
        self.tables.iter()
    }
}
