use super::kind::Kind;
use super::synthetic_error::Reason;

/// What a level says of its objects in parentheses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attributes {
    /// The memory of a node, in bytes.
    pub(super) memory: Option<u64>,
    /// The size of a cache, in bytes.
    pub(super) size: Option<u64>,
    /// What the CPUs of a core do.
    pub(super) capacity: Option<u32>,
    /// The first threads of all cores are numbered before the second ones.
    pub(super) siblings_last: bool,
}

impl Attributes {
    /// Takes one, as `memory=16GiB`.
    pub(super) fn set(&mut self, kind: Kind, text: &str) -> Result<(), Reason> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let missing = Reason::NoValue;
        match (name, kind) {
            ("memory", Kind::Node) => self.memory = Some(bytes(value).ok_or(missing)?),
            ("size", kind) if kind.is_cache() => self.size = Some(bytes(value).ok_or(missing)?),
            ("capacity", Kind::Core) => {
                self.capacity = Some(value.parse().ok().filter(|capacity| *capacity > 0).ok_or(missing)?);
            }
            ("siblings", Kind::Pu) if value == "last" => self.siblings_last = true,
            ("siblings", Kind::Pu) if value == "adjacent" => self.siblings_last = false,
            ("siblings", Kind::Pu) => return Err(missing),
            _ => return Err(Reason::NoAttribute(kind)),
        }
        Ok(())
    }
}

/// `16GiB` goes by powers of 1,024, `16GB` by powers of 1,000, as hwloc reads them.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    // A sign is no digit.
    let number: u64 = Some(digits).filter(|digits| !digits.starts_with('+'))?.parse().ok()?;
    number.checked_mul(unit)
}
