//! Files that use one another in a circle can only be read together: a circle holds few.

use crate::house;
use crate::imports::{self, ImportGraph};

/// The most files in a circle.
const LARGEST: usize = 4;

#[test]
fn circles_are_small() {
    let mut wrong = Vec::new();
    for graph in imports::graphs() {
        for circle in circles(&graph) {
            if circle.len() > LARGEST {
                let files: Vec<_> = circle
                    .iter()
                    .map(|file| graph.files[*file].as_str())
                    .collect();
                wrong.push(format!(
                    "{}: {} files: {}",
                    graph.package,
                    circle.len(),
                    files.join(" ")
                ));
            }
        }
    }
    house::none(
        "files use one another in a circle: move what both need into a file of its own",
        &wrong,
    );
}

/// The strongly connected parts of the graph with more than one file (Tarjan 1972).
pub(crate) fn circles(graph: &ImportGraph) -> Vec<Vec<usize>> {
    let mut search = Search {
        graph,
        number: vec![None; graph.files.len()],
        lowest: vec![0; graph.files.len()],
        open: Vec::new(),
        found: Vec::new(),
    };
    for file in 0..graph.files.len() {
        if search.number[file].is_none() {
            search.visit(file);
        }
    }
    search.found.retain(|circle| circle.len() > 1);
    search.found
}

struct Search<'a> {
    graph: &'a ImportGraph,
    number: Vec<Option<usize>>,
    lowest: Vec<usize>,
    open: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, file: usize) {
        let number = self.number.iter().flatten().count();
        self.number[file] = Some(number);
        self.lowest[file] = number;
        self.open.push(file);
        for used in &self.graph.uses[file] {
            match self.number[*used] {
                None => {
                    self.visit(*used);
                    self.lowest[file] = self.lowest[file].min(self.lowest[*used]);
                }
                Some(seen) if self.open.contains(used) => {
                    self.lowest[file] = self.lowest[file].min(seen);
                }
                Some(_) => {}
            }
        }
        if self.lowest[file] == number {
            let start = self
                .open
                .iter()
                .position(|open| *open == file)
                .expect("it was opened above");
            self.found.push(self.open.split_off(start));
        }
    }
}

#[test]
fn a_circle_is_found() {
    let graph = ImportGraph {
        package: "example".to_owned(),
        files: (0..5).map(|file| file.to_string()).collect(),
        uses: [vec![1], vec![2], vec![0, 3], vec![], vec![4]]
            .into_iter()
            .map(|uses| uses.into_iter().collect())
            .collect(),
    };
    let mut found = circles(&graph);
    found[0].sort_unstable();
    assert_eq!(found, [[0, 1, 2]]);
}
