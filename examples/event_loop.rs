//! Wait for a channel and for other files in one loop of epoll.
//!
//! Workers send what they find through a channel, and one of them writes to a pipe when it is done. The loop sleeps in
//! `epoll_wait` for both: the channel rings an eventfd, once for each time that its receiver is armed.
//!
//! ```text
//! cargo run --release --example event_loop
//! ```

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Read, Write};
    use std::os::fd::OwnedFd;
    use std::sync::Arc;
    use std::thread;

    use bedplate::channel::{self, Ready, Receiver, TryRecvError};
    use rustix::event::{EventfdFlags, epoll, eventfd};

    const WORKERS: u64 = 3;
    const ITEMS: u64 = 10_000;

    /// What an event is about.
    const CHANNEL: u64 = 1;
    const PIPE: u64 = 2;

    /// Receives what is there, and arms the receiver for what comes later; says whether anything can come.
    fn drain(items: &Receiver<u64>, sum: &mut u64) -> bool {
        loop {
            match items.try_recv() {
                Ok(item) => *sum += item,
                Err(TryRecvError::Closed) => return false,
                Err(_) => match items.arm() {
                    Ready::Later => return true,
                    // An item came between the two: once more.
                    Ready::Now => thread::yield_now(),
                },
            }
        }
    }

    pub fn run() -> io::Result<()> {
        let bell: Arc<OwnedFd> = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let ring = Arc::clone(&bell);
        let on_readable = move || {
            // Fails only where the bell has been rung 2^64 - 2 times and nobody came: then it is loud enough.
            let _ = rustix::io::write(&ring, &1_u64.to_ne_bytes());
        };
        let (sender, items) = channel::builder(256).on_readable(on_readable).build();
        let (mut done, mut says_done) = io::pipe()?;

        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &bell, epoll::EventData::new_u64(CHANNEL), epoll::EventFlags::IN)?;
        epoll::add(&poll, &done, epoll::EventData::new_u64(PIPE), epoll::EventFlags::IN)?;

        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let sender = sender.clone();
                thread::spawn(move || (0..ITEMS).try_for_each(|n| sender.send(worker * ITEMS + n)))
            })
            .collect();
        drop(sender);
        let herald = thread::spawn(move || {
            let sent = workers.into_iter().map(|worker| worker.join().expect("a worker does not panic"));
            let all = sent.filter(Result::is_ok).count();
            says_done.write_all(&[all as u8])
        });

        let (mut sum, mut finished) = (0, None);
        let mut open = drain(&items, &mut sum);
        let mut events = Vec::with_capacity(2);
        let mut turns = 0;
        while open || finished.is_none() {
            events.clear();
            epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
            turns += 1;
            for event in &events {
                match event.data.u64() {
                    CHANNEL => {
                        // The bell is silenced first: one that rings while the channel is drained is heard.
                        let _ = rustix::io::read(&bell, &mut [0_u8; 8]);
                        open = open && drain(&items, &mut sum);
                    }
                    _ => {
                        let mut workers = [0];
                        done.read_exact(&mut workers)?;
                        finished = Some(u64::from(workers[0]));
                    }
                }
            }
        }
        herald.join().expect("the herald does not panic")?;
        println!("{} items from {WORKERS} workers in {turns} turns of the loop", items.stats().received);
        assert_eq!(finished, Some(WORKERS));
        assert_eq!(sum, (0..WORKERS * ITEMS).sum(), "each item once");
        Ok(())
    }
}

fn main() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    linux::run()?;
    Ok(())
}
