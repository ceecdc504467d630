//! Draws the machine as a tree, and on it where the workers of a plan would run; `--run` starts them there.
//!
//! `cargo run --example topology -- --plan scatter:4 --run`; `--help` tells the rest.

use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use bedplate::topo::{
    Cache, CacheKind, CpuSet, KindChoice, Placement, Plan, Strategy, Topology, Width, WorkerSet, current_cpu,
    current_node,
};
use lexopt::prelude::*;

const HELP: &str = "\
Draws a machine as a tree and a plan on it: workers stand behind their CPU.
CPUs in brackets may not be used; those marked i are isolated.

usage: topology [OPTIONS]

  --plan STRATEGY[:N]    where N workers would run [as many as the machine suggests]:
                         unbound, compact, scatter, one-per-core, one-per-l3,
                         one-per-node, node=NODE, near=DEVICE, performance, efficient,
                         kind=INDEX, or sets of CPUs: 0-3/4-7
  --width W              how wide the mask of a worker is: cpu, core, l3, node    [cpu]
  --skip-smt             one CPU of each core only
  --exclusive            an error where workers have to share what the plan deals out
  --run                  start the workers there, and tell what each really got
  --near DEVICE          where DEVICE is attached: eth0, nvme0n1, 0000:00:1f.0; also
                         the plan near=DEVICE where no other is given
  --root DIR             the machine whose /sys and /proc are in DIR
  --synthetic TEXT       a made-up machine: \"pkg:2 l3:2 core:4 pu:2\"
  --help                 this text

exit status: 0 done, 1 failed, 2 wrong arguments
";

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(args) if args.help => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(args) => args,
        Err(error) => {
            eprintln!("topology: {error}\ntry --help");
            return ExitCode::from(2);
        }
    };
    match args.machine().and_then(|machine| show(&machine, &args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("topology: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Args {
    plan: Option<(Strategy, Option<usize>)>,
    width: Width,
    skip_smt: bool,
    exclusive: bool,
    run: bool,
    near: Option<String>,
    root: Option<PathBuf>,
    synthetic: Option<String>,
    help: bool,
}

impl Args {
    fn parse() -> Result<Self, lexopt::Error> {
        let mut args = Self::default();
        let mut given = lexopt::Parser::from_env();
        while let Some(arg) = given.next()? {
            match arg {
                Long("plan") => args.plan = Some(given.value()?.parse_with(parse_plan)?),
                Long("width") => args.width = given.value()?.parse_with(parse_width)?,
                Long("skip-smt") => args.skip_smt = true,
                Long("exclusive") => args.exclusive = true,
                Long("run") => args.run = true,
                Long("near") => args.near = Some(given.value()?.string()?),
                Long("root") => args.root = Some(given.value()?.into()),
                Long("synthetic") => args.synthetic = Some(given.value()?.string()?),
                Short('h') | Long("help") => args.help = true,
                _ => return Err(arg.unexpected()),
            }
        }
        if let (None, Some(device)) = (&args.plan, &args.near) {
            args.plan = Some((Strategy::Near(device.clone()), None));
        }
        match (args.root.is_some(), args.synthetic.is_some()) {
            (true, true) => Err("--root and --synthetic are two machines; which one?".into()),
            (true, _) | (_, true) if args.run => Err("--run needs the machine this runs on".into()),
            _ if args.run && args.plan.is_none() => Err("--run needs a --plan".into()),
            _ => Ok(args),
        }
    }

    fn machine(&self) -> Result<Topology, Box<dyn Error>> {
        Ok(match (&self.root, &self.synthetic) {
            (Some(root), _) => Topology::builder().root(root).detect()?,
            (None, Some(text)) => Topology::synthetic(text)?,
            (None, None) => Topology::detect()?,
        })
    }

    fn plan(&self, machine: &Topology) -> Result<Option<Plan>, Box<dyn Error>> {
        let Some((strategy, workers)) = &self.plan else { return Ok(None) };
        let mut placement = Placement::new(strategy.clone()).width(self.width);
        if self.skip_smt {
            placement = placement.skip_smt();
        }
        if self.exclusive {
            placement = placement.exclusive();
        }
        Ok(Some(placement.plan(machine, workers.unwrap_or_else(|| machine.suggested_threads()))?))
    }
}

fn parse_plan(text: &str) -> Result<(Strategy, Option<usize>), String> {
    // The name of a PCI device has colons of its own, and a point behind the last.
    let (name, workers) = match text.rsplit_once(':') {
        Some((name, count)) if !(text.starts_with("near=") && name.contains(':') && count.contains('.')) => {
            (name, Some(count.parse().map_err(|_| format!("`{count}` is no number of workers"))?))
        }
        _ => (text, None),
    };
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
    let strategy = match name.split_once('=').unwrap_or((name, "")) {
        ("unbound", "") => Strategy::Unbound,
        ("compact", "") => Strategy::Compact,
        ("scatter", "") => Strategy::Scatter,
        ("one-per-core", "") => Strategy::OnePerCore,
        ("one-per-l3", "") => Strategy::OnePerL3,
        ("one-per-node", "") => Strategy::OnePerNode,
        ("performance", "") => Strategy::Kind(KindChoice::Performance),
        ("efficient", "") => Strategy::Kind(KindChoice::Efficient),
        ("kind", index) => Strategy::Kind(KindChoice::Index(number(index)?)),
        ("node", node) => Strategy::NodeLocal(number(node)?),
        ("near", device) => Strategy::Near(device.to_owned()),
        (sets, "") if sets.starts_with(|c: char| c.is_ascii_digit()) => {
            let sets = sets.split('/').map(|set| set.parse::<CpuSet>().map_err(|error| error.to_string()));
            Strategy::Explicit(sets.collect::<Result<_, _>>()?)
        }
        _ => return Err(format!("`{name}` is no strategy")),
    };
    Ok((strategy, workers))
}

fn parse_width(text: &str) -> Result<Width, String> {
    match text {
        "cpu" => Ok(Width::Cpu),
        "core" => Ok(Width::Core),
        "l3" => Ok(Width::L3),
        "node" => Ok(Width::Node),
        _ => Err(format!("`{text}` is no width")),
    }
}

fn show(machine: &Topology, args: &Args) -> Result<(), Box<dyn Error>> {
    let plan = args.plan(machine)?;
    let near = args.near.as_ref().map(|device| where_is(machine, device)).transpose()?;
    println!("machine: {} online, {} for memory", named(machine.online()), nodes(machine));
    let drawing = Drawing { machine, plan: plan.as_ref(), levels: levels(machine) };
    drawing.below(machine.online(), 0, "", false);
    facts(machine).into_iter().chain(near).for_each(|fact| println!("{fact}"));
    if let Some(plan) = &plan {
        let turns = if plan.oversubscribed() { ", some take turns" } else { "" };
        println!("plan: {} workers on {}{turns}", plan.len(), named(&plan.cpus()));
        println!("{plan}");
    }
    if let (true, Some(plan)) = (args.run, plan) {
        run(plan)?;
    }
    Ok(())
}

fn run(plan: Plan) -> Result<(), Box<dyn Error>> {
    let workers = WorkerSet::builder(plan).name("drawn").spawn(|_| (current_cpu(), current_node().ok()))?;
    workers.reports().iter().for_each(|report| println!("{report}"));
    for (worker, done) in workers.join().into_iter().enumerate() {
        let (cpu, node) = done.map_err(|_| format!("worker {worker} panicked"))?;
        println!("worker {worker} ran on CPU {cpu} of node {}", known(node));
    }
    Ok(())
}

/// Some groups of CPUs, and what a group is called.
struct Level<'a> {
    always: bool,
    groups: Vec<(String, &'a CpuSet)>,
}

/// From the coarsest to the finest: whether a node is in a package or a package in a node differs.
fn levels(machine: &Topology) -> Vec<Level<'_>> {
    let node = |id: usize, memory: u64| format!("node {id}: {}", bytes(memory));
    let package = |id| format!("package {}", known(id));
    let size = |size: Option<u64>| size.map_or(String::new(), |size| format!(": {}", bytes(size)));
    let die = machine.dies().iter().map(|die| (format!("die {}", known(die.id)), &die.cpus));
    let l3 = machine.l3_domains().iter().enumerate();
    let clusters = machine.clusters().iter().enumerate();
    let mut levels = vec![
        (true, machine.packages().iter().map(|one| (package(one.id), &one.cpus)).collect()),
        (false, die.collect()),
        (true, machine.nodes().iter().map(|one| (node(one.id, one.memory), &one.cpus)).collect()),
        (true, l3.map(|(i, one)| (format!("L3 {i}{}", size(one.size)), &one.cpus)).collect()),
        (false, clusters.map(|(i, one)| (format!("cluster {i}"), &one.cpus)).collect()),
    ];
    levels.sort_by_key(|(_, groups): &(bool, Vec<(String, &CpuSet)>)| groups.len());
    let core = machine.cores().iter().enumerate();
    levels.push((true, core.map(|(i, core)| (format!("core {i}"), &core.cpus)).collect()));
    levels.into_iter().map(|(always, groups)| Level { always, groups }).collect()
}

struct Drawing<'a> {
    machine: &'a Topology,
    plan: Option<&'a Plan>,
    levels: Vec<Level<'a>>,
}

impl Drawing<'_> {
    /// Draws the groups that have some of these CPUs, from a level on. `more` says that others follow in the same branch.
    fn below(&self, cpus: &CpuSet, depth: usize, indent: &str, more: bool) {
        let Some(level) = self.levels.get(depth) else { return };
        let groups = level.groups.iter().map(|(name, group)| (name, *group & cpus, *group));
        let mut groups: Vec<_> = groups.filter(|(_, part, _)| !part.is_empty()).collect();
        if groups.is_empty() || groups.len() == 1 && !level.always {
            return self.below(cpus, depth + 1, indent, more);
        }
        groups.sort_by_key(|(_, part, _)| part.first());
        // In no group of this level, such as cores without an L3 cache.
        let rest = groups.iter().fold(cpus.clone(), |rest, (_, part, _)| &rest - part);
        let rest_first = rest.first() < groups[0].1.first();
        let rest_last = !rest.is_empty() && !rest_first;
        if rest_first && !rest.is_empty() {
            self.below(&rest, depth + 1, indent, true);
        }
        let last = groups.len() - 1;
        for (i, (name, part, group)) in groups.into_iter().enumerate() {
            let end = i == last && !rest_last && !more;
            let (branch, beneath) = if end { ("└─", "   ") } else { ("├─", "│  ") };
            let cut = if part == *group { "" } else { " (in part)" };
            let leaf = if depth + 1 == self.levels.len() { self.cpus(&part) } else { String::new() };
            println!("{indent}{branch} {name}{cut}{leaf}");
            self.below(&part, depth + 1, &format!("{indent}{beneath}"), false);
        }
        if rest_last {
            self.below(&rest, depth + 1, indent, more);
        }
    }

    fn cpus(&self, cpus: &CpuSet) -> String {
        let kind = cpus.first().and_then(|cpu| self.machine.cpu(cpu)).map_or(0, |cpu| cpu.kind);
        let kind = if self.machine.kinds().len() > 1 { format!(" (kind {kind})") } else { String::new() };
        let cpus = cpus.iter().map(|cpu| {
            let isolated = if self.machine.isolated().contains(cpu) { "i" } else { "" };
            let name = format!("{cpu}{isolated}");
            let name = if self.machine.allowed().contains(cpu) { name } else { format!("[{name}]") };
            let workers = self.plan.into_iter().flatten().enumerate().filter(|(_, slot)| slot.home == cpu);
            let workers: Vec<_> = workers.map(|(worker, _)| worker.to_string()).collect();
            match workers.len() {
                0 => format!("CPU {name}"),
                _ => format!("CPU {name} ◄ worker {}", workers.join("+")),
            }
        });
        format!("{kind}: {}", cpus.collect::<Vec<_>>().join(", "))
    }
}

/// What is not in the tree.
fn facts(machine: &Topology) -> Vec<String> {
    let mut facts =
        vec![format!("usable: {}, {} threads suggested", named(machine.allowed()), machine.suggested_threads())];
    let mut say = |what: &str, of: &dyn Display| facts.push(format!("{what}: {of}"));
    for node in machine.nodes() {
        if node.cpus.is_empty() {
            say(
                &format!("node {} without CPUs", node.id),
                &format!("{}, near {}", bytes(node.memory), named(&node.near)),
            );
        }
        for pool in node.huge_pages.iter().filter(|pool| pool.total > 0) {
            let pages = format!("{} of {} pages of {} free", pool.free, pool.total, bytes(pool.page));
            say(&format!("node {} HugeTLB", node.id), &pages);
        }
    }
    if machine.nodes().len() > 1 && machine.nodes().iter().any(|node| !node.distances.is_empty()) {
        let ids: Vec<_> = machine.nodes().iter().map(|node| node.id).collect();
        say("distances from node", &format!("to {}", row(ids.iter().map(Some))));
        for from in &ids {
            let distances: Vec<_> = ids.iter().map(|to| machine.distance(*from, *to)).collect();
            say(&format!("{from:>19}"), &format!("   {}", row(distances.iter().map(Option::as_ref))));
        }
    }
    for (i, kind) in machine.kinds().iter().enumerate().filter(|_| machine.kinds().len() > 1) {
        let mhz = kind.max_khz.map(|khz| khz / 1000);
        say(
            &format!("kind {i}"),
            &format!("{}, capacity {}, at most {} MHz", named(&kind.cpus), known(kind.capacity), known(mhz)),
        );
    }
    let mut caches: Vec<(String, usize)> = Vec::new();
    for name in machine.caches().iter().map(cache) {
        match caches.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => caches.push((name, 1)),
        }
    }
    caches.iter().for_each(|(name, count)| say("caches", &format!("{count} of {name}")));
    for (what, cpus) in
        [("offline", machine.offline()), ("isolated", machine.isolated()), ("without ticks", machine.nohz_full())]
    {
        if !cpus.is_empty() {
            say(what, &named(cpus));
        }
    }
    let cgroup = machine.cgroup();
    if let Some(cpus) = &cgroup.cpus {
        say("control group", &named(cpus));
    }
    if let Some(nodes) = &cgroup.nodes {
        say("control group", &format!("memory of nodes {nodes}"));
    }
    if let Some(quota) = machine.cpu_quota() {
        let each = format!("{:?} each {:?}, as {:.2} CPUs", quota.run, quota.period, quota.cpus());
        say("control group", &each);
    }
    machine.warnings().iter().for_each(|warning| say("warning", warning));
    facts
}

fn where_is(machine: &Topology, device: &str) -> Result<String, Box<dyn Error>> {
    let node = machine.device_node(device)?;
    Ok(format!("{device}: at node {}, next to {}", known(node), named(&machine.device_cpus(device)?)))
}

fn cache(cache: &Cache) -> String {
    let kind = match cache.kind {
        CacheKind::Data => "d",
        CacheKind::Instruction => "i",
        _ => "",
    };
    let line = cache.line.map_or(String::new(), |line| format!(", lines of {line} B"));
    let shared = if cache.cpus.len() == 1 { "1 CPU".into() } else { format!("{} CPUs", cache.cpus.len()) };
    format!("L{}{kind} {} for {shared}{line}", cache.level, cache.size.map_or("?".into(), bytes))
}

fn row<'a, T: Display + 'a>(cells: impl Iterator<Item = Option<&'a T>>) -> String {
    cells.map(|cell| format!("{:>4}", known(cell))).collect()
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0 => "no memory".to_owned(),
        _ if bytes >= 10 << 30 => format!("{} GiB", bytes >> 30),
        _ if bytes >= 10 << 20 || bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes >> 10),
    }
}

fn known(number: Option<impl Display>) -> String {
    number.map_or("?".to_owned(), |number| number.to_string())
}

fn nodes(machine: &Topology) -> String {
    let allowed = machine.allowed_nodes();
    format!("{} {allowed}", if allowed.len() == 1 { "node" } else { "nodes" })
}

fn named(cpus: &CpuSet) -> String {
    match cpus.len() {
        0 => "no CPUs".to_owned(),
        1 => format!("CPU {cpus}"),
        _ => format!("CPUs {cpus}"),
    }
}
