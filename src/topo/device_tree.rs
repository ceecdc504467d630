//! The devices as they hang below each other under `/sys`.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use super::{CpuSet, NodeSet, Topology};
use crate::sys::dir::device_numbers;

/// Where a device is looked for by its name alone.
const FOLDERS: [&str; 8] = [
    "class/net",
    "class/block",
    "class/nvme",
    "class/infiniband",
    "class/drm",
    "class/accel",
    "bus/pci/devices",
    "bus/dax/devices",
];

/// How many devices that stand on each other are looked at.
const MOST_DEVICES: usize = 1024;

/// The devices of a machine.
#[derive(Debug)]
pub(super) struct DeviceTree<'a> {
    machine: &'a Topology,
    root: PathBuf,
    /// Looked at already.
    seen: HashSet<PathBuf>,
}

/// Where a device is, and those that it stands on.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) nodes: NodeSet,
    /// The online CPUs that are told to be near.
    pub(super) cpus: CpuSet,
    /// The nodes of devices of which no CPUs are told.
    pub(super) nodes_without_cpus: NodeSet,
}

impl<'a> DeviceTree<'a> {
    pub(super) fn open(machine: &'a Topology) -> io::Result<Self> {
        let unsupported = || io::Error::new(ErrorKind::Unsupported, "a machine that is made up has no devices");
        let root = machine.roots.sys.as_ref().ok_or_else(unsupported)?;
        // Without `/sys` there is no device, which is told with its name.
        let root = root.canonicalize().unwrap_or_else(|_| root.clone());
        Ok(Self { machine, root, seen: HashSet::new() })
    }

    /// The folder of the device.
    pub(super) fn find(&self, name: &str) -> io::Result<PathBuf> {
        let invalid = || io::Error::new(ErrorKind::InvalidInput, format!("`{name}` is no name of a device"));
        let in_dev = name.strip_prefix("/dev/");
        let below = Path::new(in_dev.unwrap_or(name));
        let depth = below.components().count();
        if depth == 0
            || depth > 1 && in_dev.is_none()
            || name.contains('\0')
            || !below.components().all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(invalid());
        }
        // The kernel has no slashes in names.
        let kernel_name = in_dev.unwrap_or(name).replace('/', "!");
        for folder in FOLDERS {
            for name in [kernel_name.clone(), format!("0000:{kernel_name}")] {
                if let Some(device) = self.resolve(&self.root.join(folder).join(name))? {
                    return Ok(device);
                }
            }
        }
        let named = match in_dev {
            Some(_) => match fs::metadata(name) {
                Ok(file) => self.by_number(&file)?,
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        named.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("there is no device `{name}`")))
    }

    /// The folder of the block device that a file is on.
    pub(super) fn under_file(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let file = fs::metadata(path)?;
        match self.by_number(&file)? {
            Some(device) => Ok(Some(device)),
            None => self.resolve(&self.numbered("block", file.dev())),
        }
    }

    /// The device that a file is, if it is one.
    fn by_number(&self, file: &Metadata) -> io::Result<Option<PathBuf>> {
        let kind = file.file_type();
        let kind = match (kind.is_block_device(), kind.is_char_device()) {
            (true, _) => "block",
            (_, true) => "char",
            _ => return Ok(None),
        };
        self.resolve(&self.numbered(kind, file.rdev()))
    }

    fn numbered(&self, kind: &str, device: u64) -> PathBuf {
        let (major, minor) = device_numbers(device);
        self.root.join(format!("dev/{kind}/{major}:{minor}"))
    }

    /// The real path of a device's folder. Of a saved tree from which the folder is missing, the nearest above it.
    fn resolve(&self, link: &Path) -> io::Result<Option<PathBuf>> {
        let missing = |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        let mut path = match link.canonicalize() {
            Err(error) if missing(&error) => match fs::read_link(link) {
                Ok(target) => link.parent().unwrap_or(link).join(target),
                Err(_) => return Ok(None),
            },
            Err(error) => return Err(error),
            Ok(path) => return Ok(path.starts_with(&self.root).then_some(path)),
        };
        while path.pop() {
            if let Ok(path) = path.canonicalize() {
                return Ok(path.starts_with(&self.root).then_some(path));
            }
        }
        Ok(None)
    }

    /// Where the device in this folder is.
    pub(super) fn places(&mut self, device: &Path) -> Places {
        let mut places = Places::default();
        let mut left = vec![device.to_owned()];
        while let Some(device) = left.pop() {
            if self.seen.len() < MOST_DEVICES && self.seen.insert(device.clone()) {
                left.append(&mut self.place(&device, &mut places));
            }
        }
        places
    }

    /// Adds where one device is; returns those that it stands on, if that is what says so.
    fn place(&self, device: &Path, places: &mut Places) -> Vec<PathBuf> {
        let mut cpus = None;
        let mut node = None;
        let levels = device.ancestors().take_while(|level| *level != self.root);
        for level in levels {
            let below = self.below(level);
            if !below.is_empty() {
                return below;
            }
            cpus = cpus.or_else(|| self.local_cpus(level));
            node = number(&level.join("numa_node")).filter(|node| self.machine.node(*node).is_some());
            if node.is_some() {
                break;
            }
        }
        places.nodes.extend(node);
        match cpus {
            Some(cpus) => places.cpus |= &cpus,
            None => places.nodes_without_cpus.extend(node),
        }
        Vec::new()
    }

    /// The CPUs that are told to be near. All of them is what the kernel says where it does not know.
    fn local_cpus(&self, level: &Path) -> Option<CpuSet> {
        let text = |name: &str| fs::read_to_string(level.join(name)).ok();
        let list = text("local_cpulist").and_then(|list| list.parse::<CpuSet>().ok());
        let told = list.or_else(|| CpuSet::parse_mask(&text("local_cpus")?).ok())?;
        let cpus = &told & self.machine.online();
        (!cpus.is_empty() && cpus != self.machine.online).then_some(cpus)
    }

    /// The devices that what is at this level stands on.
    fn below(&self, level: &Path) -> Vec<PathBuf> {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // RAID and the device mapper.
        let mut below = entries(&level.join("slaves"));
        match level.parent().map(name).as_deref() {
            // Bonds, VLANs and bridges.
            Some("net") => below.extend(entries(level).into_iter().filter(|path| name(path).starts_with("lower_"))),
            // The head of several paths to one NVMe disk: the controllers are linked beside it.
            Some("nvme-subsystem") => {
                let is_controller = |name: &str| name.strip_prefix("nvme").is_some_and(is_number);
                below.extend(entries(level).into_iter().filter(|path| is_controller(&name(path)) && path.is_symlink()));
            }
            _ => {}
        }
        let mut below: Vec<_> = below.iter().filter_map(|path| self.resolve(path).ok().flatten()).collect();
        if let Ok(file) = fs::read_to_string(level.join("loop/backing_file")) {
            below.extend(self.under_file(Path::new(file.trim_end_matches('\n'))).ok().flatten());
        }
        below
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number in a file; -1 is none.
fn number(path: &Path) -> Option<usize> {
    fs::read_to_string(path).ok()?.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0').parse().ok()
}
