//! error: E0277

fn attempt(recorded: &Recorded<VerifiedContract>) -> Recorded<VerifiedContract> {
    Clone::clone(recorded)
}
