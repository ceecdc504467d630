use crate::topo::files::Files;

/// A place where a hierarchy of control groups is mounted.
#[derive(Debug)]
pub(super) struct Mount {
    /// The options, which name the controllers; of version 1.
    options: Option<String>,
    /// The group that shows at the mount point, as paths of groups are told to this process.
    pub(super) root: String,
    pub(super) point: String,
}

impl Mount {
    /// All of them, by `/proc/self/mountinfo` or, where that is not there, the older `/proc/mounts`.
    pub(super) fn read_all(proc: &mut Files) -> Vec<Self> {
        if let Some(lines) = proc.text("self/mountinfo") {
            return lines.lines().filter_map(Self::of_mountinfo).collect();
        }
        proc.text("mounts").unwrap_or_default().lines().filter_map(Self::of_mounts).collect()
    }

    /// `36 35 98:0 /root /point rw,noatime master:1 - cgroup source rw,cpuset`, with any number of fields before the dash.
    fn of_mountinfo(line: &str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let (kind, options) = (kind.next()?, kind.nth(1)?);
        let mut place = place.split(' ').skip(3);
        Self::new(kind, options, place.next()?, place.next()?)
    }

    /// `source /point cgroup rw,cpuset 0 0`
    fn of_mounts(line: &str) -> Option<Self> {
        let mut fields = line.split(' ').skip(1);
        let (point, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
        Self::new(kind, options, "/", point)
    }

    fn new(kind: &str, options: &str, root: &str, point: &str) -> Option<Self> {
        let options = match kind {
            "cgroup2" => None,
            "cgroup" => Some(options.to_owned()),
            // What there was before control groups, and what still mounts the controller in that way.
            "cpuset" => Some("cpuset,noprefix".to_owned()),
            _ => return None,
        };
        Some(Self { options, root: unescaped(root), point: unescaped(point) })
    }

    /// Whether it is of the hierarchy that a controller of version 1 is in, or without one of version 2.
    pub(super) fn serves(&self, controller: Option<&str>) -> bool {
        match controller {
            Some(controller) => self.has_option(controller),
            None => self.options.is_none(),
        }
    }

    /// Whether the names of its files lack that of the controller.
    pub(super) fn has_bare_names(&self) -> bool {
        self.has_option("noprefix")
    }

    fn has_option(&self, name: &str) -> bool {
        self.options.as_ref().is_some_and(|options| options.split(',').any(|option| option == name))
    }
}

/// Without the kernel's octal escapes of white space and backslashes, as `\040`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                plain.push(code.into());
                plain.push_str(&part[3..]);
            }
            None => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}
