use std::io;
use std::path::Path;

use super::device_tree::{DeviceTree, Places};
use super::{CpuSet, Topology};

impl Topology {
    /// The memory node that a device is attached to, by the kernel's number.
    ///
    /// A device is a network interface (`eth0`), a block device or a part of one (`nvme0n1`, `sda1`), an NVMe controller, an
    /// InfiniBand device, a GPU or accelerator (`card0`, `accel0`), a PCI address (`0000:00:1f.0`, `00:1f.0`), or the path
    /// of one of these under `/dev`, symbolic links included.
    ///
    /// Where the device itself does not say, the nearest bus or bridge above it that says counts. A device that stands on
    /// others, as RAID, LVM, encryption, loop devices, NVMe multipath, bonds and VLANs do, is where they are.
    ///
    /// `None` where nothing says, as for a device that is software alone, or where the devices below are on several
    /// nodes. A few small files are read at each call.
    ///
    /// # Errors
    ///
    /// `NotFound`, naming it, where there is no such device; `InvalidInput` where the name is none, such as `../sda`;
    /// `Unsupported` where the machine is [made up](Topology::synthetic); or as the system says.
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let machine = Topology::detect()?;
    /// if let Ok(Some(node)) = machine.device_node("eth0") {
    ///     assert!(machine.node(node).is_some());
    /// }
    /// assert_eq!(machine.device_node("no such").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn device_node(&self, name: &str) -> io::Result<Option<usize>> {
        let mut tree = DeviceTree::open(self)?;
        let device = tree.find(name)?;
        Ok(self.one_node(&tree.places(&device)))
    }

    /// The online CPUs that are nearest to a device, which is named as for [`device_node`](Self::device_node). Never
    /// empty.
    ///
    /// What the kernel says of the device or the nearest above it; or else the CPUs of its memory node, or of the nodes
    /// nearest to that where it has none. Of a device that stands on others, those of all of them. Where nothing says, no
    /// CPU is nearer than another: all.
    ///
    /// # Errors
    ///
    /// As [`device_node`](Self::device_node).
    ///
    /// ```
    /// use bedplate::topo::{Topology, pin_current};
    ///
    /// let machine = Topology::detect()?;
    /// if let Ok(near) = machine.device_cpus("eth0") {
    ///     let _pinned = pin_current(&near);
    ///     // … and serve what comes in there.
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn device_cpus(&self, name: &str) -> io::Result<CpuSet> {
        let mut tree = DeviceTree::open(self)?;
        let device = tree.find(name)?;
        Ok(self.cpus_of(&tree.places(&device)))
    }

    /// The memory node that the block device under a file or folder is attached to, by the kernel's number.
    ///
    /// `None` also where the file is on no block device, as on tmpfs or NFS, and where the file system does not tell which,
    /// as btrfs and overlayfs do not. A path of a device itself is that device.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or it may not be seen; `Unsupported` where the machine is
    /// [made up](Topology::synthetic).
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let machine = Topology::detect()?;
    /// let node = machine.file_node(std::env::temp_dir())?;
    /// assert!(node.is_none_or(|node| machine.node(node).is_some()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn file_node(&self, path: impl AsRef<Path>) -> io::Result<Option<usize>> {
        let mut tree = DeviceTree::open(self)?;
        let device = tree.under_file(path.as_ref())?;
        Ok(device.and_then(|device| self.one_node(&tree.places(&device))))
    }

    fn one_node(&self, places: &Places) -> Option<usize> {
        let mut nodes = places.nodes.iter();
        match (nodes.next(), nodes.next()) {
            (Some(node), None) => Some(node),
            (Some(_), Some(_)) => None,
            // Firmware may tell the CPUs and not the node.
            (None, _) => {
                let holds = |cpus: &CpuSet| !places.cpus.is_empty() && places.cpus.is_subset(cpus);
                let node = self.nodes().iter().find(|node| holds(&node.cpus))?;
                (self.nodes().len() > 1).then_some(node.id)
            }
        }
    }

    fn cpus_of(&self, places: &Places) -> CpuSet {
        let mut cpus = places.cpus.clone();
        let nodes = places.nodes_without_cpus.iter().filter_map(|node| self.node(node));
        nodes.for_each(|node| cpus |= &node.near);
        if cpus.is_empty() { self.online().clone() } else { cpus }
    }
}
