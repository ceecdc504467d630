/// Remembers the results of functions: [`Memo`](crate::cache::Memo) behind an ordinary call.
///
/// ```
/// use bedplate::cache::memoize;
///
/// memoize! {
///     max_size = 128, ttl = 60 s;
///
///     /// In how many ways one gets from one corner of a grid to the opposite one.
///     pub fn routes(across: u64, down: u64) -> u64 {
///         if across == 0 || down == 0 { 1 } else { routes(across - 1, down) + routes(across, down - 1) }
///     }
/// }
///
/// assert_eq!(routes(8, 8), 12_870);
/// assert_eq!(routes::cache_info().misses, 80); // the body ran 80 times; without the table, 25,739 times
/// let before = routes::cache_info();
/// assert_eq!(routes(8, 8), 12_870);
/// assert_eq!(routes::cache_info().hits, before.hits + 1);
/// routes::cache_clear();
/// assert_eq!(routes::cache_info().current_size, 0);
/// ```
///
/// The key is the tuple of all arguments. The function is shared by all threads; a result that several want at the same
/// time is [computed once](crate::cache::Memo::get). A hit clones the result and no argument; a miss clones each
/// argument twice, and holds no lock while the body runs. Attributes and visibility stay.
///
/// # Options
///
/// All may be left out, and come in any order, before a semicolon:
///
/// | option | without it |
/// |---|---|
/// | `max_size = N`, a constant: the most results held | 128 |
/// | `ttl = N ms`, `N s`, `N min`, `N h`, or a constant `Duration`: how long a result holds | for ever |
/// | `clock = C`: where that is [measured](crate::time::Clock), asked for once, at the first call | `Clock::Coarse` |
///
/// Several functions may follow; each has a table of its own, with these options. A recursion that needs more results
/// than the table holds computes some of them again, and those in turn others: give it room.
///
/// # The table
///
/// Beside the function stands an empty type of the same name, so that its table can be reached by path:
///
/// | | |
/// |---|---|
/// | `f::cache_info()` | [`CacheInfo`](crate::cache::CacheInfo): hits, misses, sizes |
/// | `f::cache_clear()` | forgets [every result](crate::cache::Memo::cache_clear) |
/// | `f::memo()` | the [`Memo`](crate::cache::Memo) itself: `f::memo().cache().remove(&(1, 2))` forgets one |
///
/// These have the visibility of the function. The table is a `static`, made at the first call: there is one for all
/// callers, and what it holds at the end of the program is not dropped.
///
/// # Errors
///
/// A `Result` is a result like any other, and its error is remembered. Written `try fn`, a function returns a `Result`
/// of which only the `Ok` is:
///
/// ```
/// use bedplate::cache::memoize;
/// use std::{fs, io};
///
/// memoize! {
///     max_size = 500, ttl = 30 s;
///     try fn length(path: String) -> io::Result<u64> {
///         Ok(fs::metadata(&path)?.len())
///     }
/// }
///
/// assert!(length("/no/such/file".to_owned()).is_err());
/// assert_eq!(length::cache_info().current_size, 0);
/// ```
///
/// # Limits
///
/// Arguments are owned (or `&'static`), named, at most twelve, and `Clone + Hash + Eq + Send`; the result is `Clone +
/// Send + Sync`, and named. There are no generic, `async`, `const` or `unsafe` functions, and no methods; use a
/// [`Memo`](crate::cache::Memo) there, and for a key that is looked up by a borrowed form. A `#[cfg]` belongs before
/// `memoize!`.
///
/// ```compile_fail
/// bedplate::memoize! {
///     // error: memoize!: argument `text` is a borrow, which a table cannot keep: take an owned type
///     fn words(text: &str) -> usize { text.split_whitespace().count() }
/// }
/// ```
///
/// # Panics
///
/// Where a body asks, directly or through others, for the very result it computes: see
/// [Recursion](crate::cache::Memo#recursion).
#[macro_export]
macro_rules! memoize {
    ($option:ident = $($rest:tt)*) => { $crate::cache::__memoize! { @options [] [] []; $option = $($rest)* } };
    ($($functions:tt)*) => { $crate::cache::__memoize! { @functions [[] [] []]; $($functions)* } };
}

pub use memoize;

/// The steps of [`memoize!`]. It comes apart from it so that its documentation shows no inner rules.
///
/// `@options` moves the options into three brackets, `@functions` takes one function off the rest at a time,
/// `@arguments` looks at its arguments one by one and moves them into a bracket, each as `{ [mut?] name: Type }`, and
/// `@emit` writes the table and the function down.
#[doc(hidden)]
#[macro_export]
macro_rules! __memoize {
    (@options $max:tt $ttl:tt $clock:tt; ; $($functions:tt)*) => {
        $crate::cache::__memoize! { @functions [$max $ttl $clock]; $($functions)* }
    };
    (@options [] $ttl:tt $clock:tt; max_size = $max:expr, $($rest:tt)*) => {
        $crate::cache::__memoize! { @options [$max] $ttl $clock; $($rest)* }
    };
    (@options $max:tt [] $clock:tt; ttl = $n:literal ms $($rest:tt)*) => {
        $crate::cache::__memoize! { @options $max [] $clock; ttl = (::core::time::Duration::from_millis($n)) $($rest)* }
    };
    (@options $max:tt [] $clock:tt; ttl = $n:literal s $($rest:tt)*) => {
        $crate::cache::__memoize! { @options $max [] $clock; ttl = ($crate::cache::__memoize!(@seconds $n)) $($rest)* }
    };
    (@options $max:tt [] $clock:tt; ttl = $n:literal min $($rest:tt)*) => {
        $crate::cache::__memoize! {
            @options $max [] $clock; ttl = ($crate::cache::__memoize!(@seconds 60 * $n)) $($rest)*
        }
    };
    (@options $max:tt [] $clock:tt; ttl = $n:literal h $($rest:tt)*) => {
        $crate::cache::__memoize! {
            @options $max [] $clock; ttl = ($crate::cache::__memoize!(@seconds 3_600 * $n)) $($rest)*
        }
    };
    (@options $max:tt [] $clock:tt; ttl = $n:literal $($rest:tt)*) => {
        ::core::compile_error!("memoize!: `ttl` is a number, a space and one of ms, s, min, h, or a `Duration`");
    };
    (@options $max:tt [] $clock:tt; ttl = $ttl:expr, $($rest:tt)*) => {
        $crate::cache::__memoize! { @options $max [$ttl] $clock; $($rest)* }
    };
    (@options $max:tt $ttl:tt []; clock = $clock:expr, $($rest:tt)*) => {
        $crate::cache::__memoize! { @options $max $ttl [$clock]; $($rest)* }
    };
    // The last option, which no comma follows.
    (@options $max:tt $ttl:tt $clock:tt; $option:ident = $value:expr; $($rest:tt)*) => {
        $crate::cache::__memoize! { @options $max $ttl $clock; $option = $value, ; $($rest)* }
    };
    (@options $max:tt $ttl:tt $clock:tt; $option:ident = $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "memoize!: `", ::core::stringify!($option), "` is no option, or comes twice, or lacks its end; ",
            "the options are `max_size = N`, `ttl = N s` and `clock = C`, ",
            "with commas between and a semicolon after them"
        ));
    };
    (@options $max:tt $ttl:tt $clock:tt; $($rest:tt)*) => {
        ::core::compile_error!("memoize!: the options end with a semicolon");
    };

    (@functions $options:tt;) => {};
    (@functions $options:tt; $(#[$attribute:meta])* $vis:vis fn $name:ident($($arguments:tt)*) -> $result:ty $body:block
        $($rest:tt)*
    ) => {
        $crate::cache::__memoize! {
            @arguments [$options [$(#[$attribute])*] [$vis] [] $name [$result] [$result] $body] [] []; $($arguments)*
        }
        $crate::cache::__memoize! { @functions $options; $($rest)* }
    };
    (@functions $options:tt; $(#[$attribute:meta])* $vis:vis try fn $name:ident($($arguments:tt)*) -> $result:ty
        $body:block $($rest:tt)*
    ) => {
        $crate::cache::__memoize! {
            @arguments
            // The item of a `Result`, as an iterator, is what is in its `Ok`: this sees through aliases.
            [$options [$(#[$attribute])*] [$vis] [try] $name [$result]
                [<$result as ::core::iter::IntoIterator>::Item] $body]
            [] []; $($arguments)*
        }
        $crate::cache::__memoize! { @functions $options; $($rest)* }
    };
    (@functions $options:tt; $(#[$attribute:meta])* $vis:vis $(try)? fn $name:ident<$($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "memoize!: `", ::core::stringify!($name), "` is generic; a table has one type of key and one of result"
        ));
    };
    (@functions $options:tt; $(#[$attribute:meta])* $vis:vis $(try)? fn $name:ident($($arguments:tt)*) $body:block
        $($rest:tt)*
    ) => {
        ::core::compile_error!(::core::concat!(
            "memoize!: `", ::core::stringify!($name), "` returns nothing that could be remembered"
        ));
    };
    (@functions $options:tt; $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "memoize!: what follows the options, which end with a semicolon, is ",
            "`fn name(argument: Type, ...) -> Type { ... }`, or `try fn` returning a `Result`, ",
            "and neither async, const, unsafe nor with a where clause"
        ));
    };

    (@arguments $function:tt $done:tt []; $(,)?) => { $crate::cache::__memoize! { @emit $function $done } };
    (@arguments $function:tt $done:tt $mut:tt; self $($rest:tt)*) => { $crate::cache::__memoize! { @self } };
    (@arguments $function:tt $done:tt $mut:tt; &self $($rest:tt)*) => { $crate::cache::__memoize! { @self } };
    (@arguments $function:tt $done:tt $mut:tt; &mut self $($rest:tt)*) => { $crate::cache::__memoize! { @self } };
    (@arguments $function:tt $done:tt []; mut $($rest:tt)*) => {
        $crate::cache::__memoize! { @arguments $function $done [mut]; $($rest)* }
    };
    (@arguments $function:tt [$($done:tt)*] [$($mut:tt)?]; $name:ident: &'static $type:ty $(, $($rest:tt)*)?) => {
        $crate::cache::__memoize! {
            @arguments $function [$($done)* { [$($mut)?] $name: &'static $type }] []; $($($rest)*)?
        }
    };
    (@arguments $function:tt $done:tt $mut:tt; $name:ident: &$($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "memoize!: argument `", ::core::stringify!($name),
            "` is a borrow, which a table cannot keep: take an owned type, or call `Memo::get` with the borrow"
        ));
    };
    (@arguments $function:tt [$($done:tt)*] [$($mut:tt)?]; $name:ident: $type:ty $(, $($rest:tt)*)?) => {
        $crate::cache::__memoize! { @arguments $function [$($done)* { [$($mut)?] $name: $type }] []; $($($rest)*)? }
    };
    (@arguments $($rest:tt)*) => {
        ::core::compile_error!("memoize!: an argument is `name: Type`; take a pattern apart in the body");
    };
    (@self) => {
        ::core::compile_error!("memoize!: a method has no table of its own; make its value call `Memo::get`");
    };

    (@emit
        [[[$($max:expr)?] [$($ttl:expr)?] [$($clock:expr)?]] [$(#[$attribute:meta])*] [$vis:vis] $try:tt $name:ident
            [$result:ty] [$value:ty] $body:block]
        [$({ [$($mut:tt)?] $argument:ident: $type:ty })*]
    ) => {
        #[doc = ::core::concat!("The memo table of the function `", ::core::stringify!($name), "`.")]
        #[allow(non_camel_case_types, dead_code)]
        #[derive(Clone, Copy, Debug)]
        $vis enum $name {}

        #[allow(dead_code)]
        impl $name {
            fn table() -> $crate::cache::Memo<($($type,)*), $value> {
                // Nothing in this scope has a name that an option could use: one of ours would shadow the caller's.
                const _: () = {
                    let max_size: usize = $crate::cache::__memoize!(@first $($max,)? 128,);
                    ::core::assert!(max_size != 0, "memoize!: `max_size` is zero");
                };
                let options = $crate::cache::Cache::builder($crate::cache::__memoize!(@first $($max,)? 128,));
                $(
                    const _: () = {
                        let ttl: ::core::time::Duration = $ttl;
                        ::core::assert!(!ttl.is_zero(), "memoize!: `ttl` is zero");
                    };
                    let options = options.ttl($ttl);
                )?
                $(let options = options.clock($clock);)?
                ::core::convert::From::from(options.build())
            }

            /// The table, which is made here at the first call.
            $vis fn memo() -> &'static $crate::cache::Memo<($($type,)*), $value> {
                static MEMO: ::std::sync::LazyLock<$crate::cache::Memo<($($type,)*), $value>> =
                    ::std::sync::LazyLock::new($name::table);
                &MEMO
            }

            /// Hits, misses and sizes since the beginning, or since the table was last cleared.
            $vis fn cache_info() -> $crate::cache::CacheInfo {
                Self::memo().cache_info()
            }

            /// Forgets every result, and counts from zero again.
            $vis fn cache_clear() {
                Self::memo().cache_clear();
            }
        }

        $(#[$attribute])*
        $vis fn $name($($argument: $type),*) -> $result {
            let key = ($($argument,)*);
            $crate::cache::__memoize!(@get $try [$name::memo()] [key] || -> $result {
                let ($($($mut)? $argument,)*) = ::core::clone::Clone::clone(&key);
                $body
            })
        }
    };
    (@seconds $n:expr) => { ::core::time::Duration::from_secs($n) };
    (@first $first:expr, $($rest:tt)*) => { $first };
    (@get [] [$memo:expr] [$key:ident] $($compute:tt)*) => { $memo.get(&$key, $($compute)*) };
    (@get [try] [$memo:expr] [$key:ident] $($compute:tt)*) => {
        $memo.try_get(&$key, $($compute)*).map_err(|error| {
            error.into_inner().expect("bedplate::memoize!: a computation waits for its own result")
        })
    };
}

#[doc(hidden)]
pub use __memoize;
