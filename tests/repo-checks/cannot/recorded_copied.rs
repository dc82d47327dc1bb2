//! error: E0277

fn attempt(recorded: &Recorded<Agreed>) -> Recorded<Agreed> {
    Clone::clone(recorded)
}
