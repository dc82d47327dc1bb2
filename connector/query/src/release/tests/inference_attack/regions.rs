//! Sets of rows that can be inferred from sums and differences of cells.

use super::*;

/// Sets of fine cells that no published cell separates.
pub(super) fn atoms(step: &ReleaseStep, measure: bool) -> Vec<CellRegion> {
    let mut atoms: BTreeMap<Vec<bool>, CellRegion> = BTreeMap::new();
    for fine in all() {
        let within = step.cells(measure).map(|cell| cell.covers.contains(&fine));
        let within: Vec<bool> = within.collect();
        if within.contains(&true) {
            atoms.entry(within).or_default().insert(fine);
        }
    }
    atoms.into_values().collect()
}

/// Each atom, and random unions of atoms of one day. Rows of different days are not compared.
pub(super) fn unions(atoms: &[CellRegion], random: &mut StdRng) -> BTreeSet<CellRegion> {
    let mut unions: BTreeSet<CellRegion> = atoms.iter().cloned().collect();
    for day in ["2026-06-01", "2026-06-02"] {
        let on = |atom: &&CellRegion| atom.iter().all(|(_, hour)| hour.starts_with(day));
        for share in [0.3, 0.5, 0.5, 0.5, 0.7, 0.7, 1.0] {
            let some = atoms.iter().filter(on);
            let some = some.filter(|_| random.random_bool(share));
            unions.insert(some.flatten().cloned().collect());
        }
    }
    unions
}

/// Regions of one release without regions of another within them.
pub(super) fn regions(
    one: &ReleaseStep,
    other: &ReleaseStep,
    cubes: &[Cube],
    measure: bool,
    random: &mut StdRng,
    coverage: &mut AttackCoverage,
    place: &dyn Fn() -> String,
) {
    let (own, others) = (atoms(one, measure), atoms(other, measure));
    // The rules of the subtracted cells apply too: a later contract may show what an earlier one withholds.
    let cells = || one.cells(measure).chain(other.cells(measure));
    let used = |cube: &usize| cells().any(|cell| cell.cube == *cube);
    let used: Vec<&Cube> = (0..cubes.len())
        .filter(used)
        .map(|cube| &cubes[cube])
        .collect();
    if used.is_empty() {
        return;
    }
    for region in unions(&own, random) {
        let inside: Vec<CellRegion> = others
            .iter()
            .filter(|atom| atom.is_subset(&region))
            .cloned()
            .collect();
        let mut without: Vec<CellRegion> = unions(&inside, random).into_iter().collect();
        without.push(CellRegion::new());
        let without: Vec<&CellRegion> = without.choose_multiple(random, 8).collect();
        for without in without {
            coverage.groups += 1;
            let left = left((one, &region), (other, without), measure);
            // For counts, a union of atoms reveals nothing more than the single atoms.
            let single = own.contains(&region) || measure;
            let faults: Vec<String> = used
                .iter()
                .filter(|cube| single || cube.unit != CountingUnit::Rows)
                .filter_map(|cube| fault(&left, cube, measure))
                .collect();
            // A region that satisfies the rule of one contract may be shown to its consumer.
            assert!(
                faults.len() < used.len(),
                "{} measure {measure}: {region:?} without {without:?}: {faults:?}",
                place()
            );
        }
    }
}

/// The remainder of a cell must be safe by the rules of the subtracted cells as well; their combination could otherwise reveal what
/// each one withholds. The change of a cell must be safe, too.
pub(super) fn remainders(
    one: &ReleaseStep,
    other: &ReleaseStep,
    cubes: &[Cube],
    measure: bool,
    place: &dyn Fn() -> String,
) {
    for cell in one.cells(measure) {
        let finer = |step: &'_ ReleaseStep| -> (CellRegion, BTreeSet<usize>) {
            let within = |published: &&PublishedCell| {
                published.cube < cell.cube && published.covers.is_subset(&cell.covers)
            };
            let finer: Vec<&PublishedCell> = step.cells(measure).filter(within).collect();
            (
                finer
                    .iter()
                    .flat_map(|published| published.covers.clone())
                    .collect(),
                finer.iter().map(|published| published.cube).collect(),
            )
        };
        let (gone, mut rules) = finer(other);
        rules.insert(cell.cube);
        let check = |what: &str, signed: &[SignedRow<'_>], rules: &BTreeSet<usize>| {
            let faults = rules.iter();
            let fault =
                faults.filter_map(|cube| Some((cube, fault(signed, &cubes[*cube], measure)?)));
            let faults: Vec<_> = fault.collect();
            assert!(
                faults.is_empty(),
                "{} measure {measure}: {what} of {cell:?} without {gone:?}: {faults:?} in {signed:?}",
                place()
            );
        };
        check(
            "what is left",
            &left((one, &cell.covers), (other, &gone), measure),
            &rules,
        );
        let there = |published: &PublishedCell| {
            published.cube == cell.cube && published.covers == cell.covers
        };
        if other.cells(measure).any(there) {
            let whole = left((one, &cell.covers), (other, &cell.covers), measure);
            check("the change", &whole, &BTreeSet::from([cell.cube]));
            let (before, _) = finer(one);
            if before == gone {
                let rest: CellRegion = cell.covers.difference(&gone).cloned().collect();
                let signed = left((one, &rest), (other, &rest), measure);
                check("the change of what is left", &signed, &rules);
            }
        }
    }
}

/// Rows of a region in one release, and with the opposite sign those of a region in another.
pub(super) fn left<'a>(
    (one, region): (&'a ReleaseStep, &CellRegion),
    (other, without): (&'a ReleaseStep, &CellRegion),
    measure: bool,
) -> Vec<SignedRow<'a>> {
    let report = |row: &&BaseRow| !measure || row.2.is_some();
    let mut there: Vec<&BaseRow> = other.base.iter().collect();
    let mut stays = |row: &BaseRow| {
        let known = there
            .iter()
            .position(|known| (&known.0, &known.1) == (&row.0, &row.1));
        !without.contains(&row.0) && known.map(|known| there.swap_remove(known)).is_some()
    };
    let rows = one.base.iter().filter(|row| region.contains(&row.0));
    let mut signed: Vec<SignedRow<'a>> = Vec::new();
    for row in rows.filter(report) {
        signed.push((1, stays(row), row));
    }
    let away = other.base.iter().filter(|row| without.contains(&row.0));
    signed.extend(away.filter(report).map(|row| (-1, false, row)));
    signed
}
