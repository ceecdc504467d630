use super::Figure;

/// A snapshot whose values can be told one by one, with names.
///
/// What `stats()` of each structure of this crate returns is one, and tells every field of its own once, under the
/// field's name. So any system for metrics can be fed without knowing the structures; `Publisher`, with feature
/// `metrics`, feeds those behind the `metrics` facade. `docs::stats` has a table of all figures.
///
/// Nothing is registered and nobody is called unasked: who wants figures keeps the structure, or a handle of it, and
/// asks.
///
/// ```
/// use bedplate::stats::{Counter, Figure, Figures};
///
/// /// What a server of one's own counts.
/// struct Served {
///     requests: u64,
///     connections: usize,
/// }
///
/// impl Figures for Served {
///     fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure)) {
///         visit("requests", Figure::Count(self.requests));
///         visit("connections", Figure::Level(self.connections as f64));
///     }
/// }
///
/// // A line of InfluxDB's protocol.
/// let mut fields = Vec::new();
/// let served = Served { requests: 7, connections: 2 };
/// served.figures(&mut |name, figure| match figure {
///     Figure::Count(n) => fields.push(format!("{name}={n}u")),
///     Figure::Level(level) => fields.push(format!("{name}={level}")),
///     _ => {}
/// });
/// assert_eq!(format!("web {}", fields.join(",")), "web requests=7u,connections=2");
/// ```
pub trait Figures {
    /// Calls `visit` with the name of each figure and its value. A name comes once, and the same names come at each
    /// call.
    fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure));
}

impl<F: Figures + ?Sized> Figures for &F {
    fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure)) {
        (**self).figures(visit);
    }
}

/// Implements [`Figures`] for a struct: its fields by kind. `count` takes a `u64`, `time` a `Duration`, `level` a
/// number, `flag` a `bool`.
///
/// A field that is not listed does not compile: the struct is taken apart without `..`.
#[cfg(any(feature = "queue", feature = "pool", feature = "cache", feature = "batch"))]
macro_rules! figures {
    ($stats:ident { $($kind:ident: $($field:ident),+);+ $(;)? }) => {
        impl $crate::stats::Figures for $stats {
            fn figures(&self, visit: &mut dyn FnMut(&'static str, $crate::stats::Figure)) {
                let Self { $($($field),+),+ } = *self;
                $($(visit(stringify!($field), $crate::stats::figures!(@$kind $field));)+)+
            }
        }
    };
    (@count $field:ident) => { $crate::stats::Figure::Count($field) };
    (@time $field:ident) => { $crate::stats::Figure::Time($field) };
    (@level $field:ident) => { $crate::stats::Figure::Level($field as f64) };
    (@flag $field:ident) => { $crate::stats::Figure::Level(f64::from(u8::from($field))) };
}
#[cfg(any(feature = "queue", feature = "pool", feature = "cache", feature = "batch"))]
pub(crate) use figures;
