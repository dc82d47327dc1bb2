//! error: E0451

fn attempt(value: Agreed, receipt: Receipt) -> Recorded<Agreed> {
    Recorded { value, receipt }
}
