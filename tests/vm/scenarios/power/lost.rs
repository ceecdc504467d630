//! Power that is lost at any moment: every write that came to the disk is recorded, and the disk as it was at each of
//! those moments is put together and opened.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::io::{AppendLog, Backend, Lsn};

use super::device::Device;
use super::disk::{self, Mount};
use super::history::{self, Entry};
use super::{Case, modules, work};

pub const CASES: &[Case] = &[("the_log_is_whole_whenever_power_is_lost", the_log_is_whole_whenever_power_is_lost)];

const THREADS: u32 = 4;
const EACH: u32 = 24;
/// Opening takes an emulated machine about a fifth of a second.
const TIME: Duration = Duration::from_secs(80);

fn the_log_is_whole_whenever_power_is_lost() {
    let Some(log) = modules::load().then(disk::log).flatten() else { return };
    let begun = Instant::now();
    let mut rng = 0x5eed_u64;
    for (backend, share) in [(Backend::Inline, 1), (Backend::Threads(2), 2), (Backend::Uring, 3)] {
        let before = disk::image(&log);
        let entries = recorded(&log, backend);
        let frames = entries.iter().filter(|entry| entry.frame().is_some()).count();
        assert!(frames > 20, "{frames} frames");
        let moments = moments(&entries);
        // All of them where there is time, else from all over.
        let mut order: Vec<usize> = (0..moments.len()).collect();
        (1..order.len()).rev().for_each(|i| order.swap(i, (random(&mut rng) % (i as u64 + 1)) as usize));
        let until = begun + TIME * share / 3;
        let mut opened = 0;
        for i in order {
            if Instant::now() > until {
                break;
            }
            let mut image = before.to_vec();
            entries[..moments[i].0].iter().for_each(|entry| entry.apply(&mut image));
            moments[i].1.apply(&entries[moments[i].0..], &mut image, &mut rng);
            check(&image, &entries[..moments[i].0]);
            opened += 1;
        }
        println!("{backend:?}: {} writes, {frames} frames; {opened} of {} moments", entries.len(), moments.len());
        assert!(opened > 5);
        disk::overwrite(&log, &before);
    }
}

fn random(state: &mut u64) -> u64 {
    // splitmix64.
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Appends from several threads, trims, opens again and goes on; says in the history what was acknowledged.
fn recorded(log: &Path, backend: Backend) -> Vec<Entry> {
    let options = format!("{} {}", log.display(), disk::history().display());
    let device = Device::new("recorded", log, "log-writes", &options);
    {
        let mount = Mount::new(device.path());
        let dir = mount.path().join("log");
        for round in 0..2 {
            let log = work::options().backend(backend).open(&dir).unwrap();
            append(&log, &device, round);
            if round == 1 {
                log.close().unwrap();
            }
        }
    }
    drop(device);
    history::read(&disk::history())
}

fn append(log: &AppendLog, device: &Device, round: u32) {
    let trimmed = AtomicU64::new(0);
    thread::scope(|s| {
        for thread in round * THREADS..(round + 1) * THREADS {
            let trimmed = &trimmed;
            s.spawn(move || {
                for i in 0..EACH {
                    if i % 4 == 0 {
                        // Not waited for: it is in a frame with a later one.
                        log.append(&work::record(thread, i)).unwrap();
                        continue;
                    }
                    let lsn = log.append_durable(&work::record(thread, i)).unwrap();
                    device.tell(&format!("mark durable={lsn}"));
                    if i % 8 == 7 && lsn.get() > 40 {
                        let to = trimmed.fetch_max(lsn.get() - 40, Ordering::Relaxed).max(lsn.get() - 40);
                        device.tell(&format!("mark trim={to}"));
                        log.trim(Lsn::new(to)).unwrap();
                    }
                }
            });
        }
    });
}

/// What else has come to the disk when the power goes.
#[derive(Clone, Copy, Debug)]
enum Rest {
    Nothing,
    /// Of what was under way any sectors.
    Some,
    /// The write behind the next one, and not that one.
    OneBehind,
}

impl Rest {
    fn apply(self, behind: &[Entry], image: &mut [u8], rng: &mut u64) {
        match self {
            Self::Nothing => {}
            Self::OneBehind => behind[1].apply(image),
            Self::Some => {
                // Nothing behind a barrier was written before that was acknowledged.
                let end = behind.iter().position(Entry::is_barrier).map_or(behind.len(), |barrier| barrier + 1);
                for entry in &behind[..end] {
                    match random(rng) % 3 {
                        0 => {}
                        1 => entry.apply(image),
                        _ => entry.apply_torn(image, || random(rng) & 1 == 0),
                    }
                }
            }
        }
    }
}

/// After so many entries, and with what else.
fn moments(entries: &[Entry]) -> Vec<(usize, Rest)> {
    let mut moments = vec![(entries.len(), Rest::Nothing)];
    for at in 0..entries.len() {
        // Without writes since the last moment there is nothing new.
        if entries[at].mark().is_some() {
            continue;
        }
        moments.push((at, Rest::Nothing));
        moments.push((at, Rest::Some));
        // Frames of which the second was made before the first was durable can come to the disk in any order.
        if let [first, second, ..] = &entries[at..]
            && let (Some((lsn, _)), Some((_, durable))) = (first.frame(), second.frame())
            && durable < lsn
        {
            moments.push((at, Rest::OneBehind));
        }
    }
    moments
}

/// The disk with this on it is that of a log with all that was acknowledged before.
fn check(image: &[u8], before: &[Entry]) {
    let most = |what: &str| {
        let marks = before.iter().filter_map(Entry::mark);
        marks.filter_map(|mark| mark.strip_prefix(what)?.parse::<u64>().ok()).max().unwrap_or(0)
    };
    let (durable, trimmed) = (most("durable="), most("trim="));
    disk::overwrite(&disk::memory(), image);
    let mount = Mount::new(&disk::memory());
    let dir = mount.path().join("log");
    let expected = if dir.exists() {
        let report = AppendLog::verify(&dir).unwrap();
        report.last.map_or(0, Lsn::get)
    } else {
        0
    };
    for round in 0..2 {
        let log = work::options().open(&dir).unwrap();
        let last = log.durable_lsn().get();
        assert_eq!(last, expected + round, "what verify read");
        assert!(last >= durable, "{last}, where {durable} was acknowledged");
        let (first, read) = work::read(&dir);
        assert_eq!(read, last);
        assert!(first <= trimmed.max(1), "it begins with {first}, trimmed to {trimmed}");
        // And goes on: what was torn does not come up again.
        assert_eq!(log.append_durable(&work::record(15, round as u32)).unwrap().get(), last + 1);
    }
}
