//! error: E0061

fn attempt(staged: Staged<Agreed>) {
    let _ = staged.confirm();
}
