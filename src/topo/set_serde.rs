//! Sets as text in the kernel's list format, `"0-3,8"`, whether people are to read the format or not.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{CpuSet, NodeSet, ParseSetError};

/// Reads a set from text.
struct FromText<T>(PhantomData<T>);

impl<T: FromStr<Err = ParseSetError>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers and ranges such as \"0-3,8\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! as_text {
    ($set:ty) => {
        /// Writes the kernel's list format, as [`Display`](std::fmt::Display) does.
        #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        /// Reads the kernel's list format; an error tells what [`ParseSetError`] tells.
        #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(FromText(PhantomData))
            }
        }
    };
}

as_text!(CpuSet);
as_text!(NodeSet);
