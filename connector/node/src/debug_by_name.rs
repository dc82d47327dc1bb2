//! `Debug` of types whose state is large, or not for logs.

/// Implements `Debug` for these types as the name of the type alone.
#[macro_export]
macro_rules! debug_by_name {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
