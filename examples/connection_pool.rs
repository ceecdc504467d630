//! A bounded pool of connections: made when needed, checked before they go out again, let go when nobody needs them.
//!
//! `cargo run --release --example connection_pool`

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ObjectPool, Recycle};

const CONNECTIONS: usize = 3;
const THREADS: usize = 6;
const REQUESTS: usize = 200;
/// The server hangs up after so many requests on a connection.
const PATIENCE: usize = 50;

/// A connection, and whether its last user found it broken.
struct Connection {
    stream: TcpStream,
    broken: bool,
}

impl Connection {
    fn open(server: SocketAddr) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let stream = TcpStream::connect_timeout(&server, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(Self { stream, broken: false })
    }

    /// Whether the server still holds its end: there is nothing to read, rather than the end of the stream.
    fn is_open(&self) -> bool {
        let look = || {
            self.stream.set_nonblocking(true)?;
            let seen = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            seen
        };
        matches!(look(), Err(e) if e.kind() == ErrorKind::WouldBlock)
    }

    fn request(&mut self, number: u64) -> std::io::Result<u64> {
        let mut answer = [0; 8];
        let done = self.stream.write_all(&number.to_le_bytes()).and_then(|()| self.stream.read_exact(&mut answer));
        self.broken = done.is_err();
        done.map(|()| u64::from_le_bytes(answer))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = serve()?;
    let pool = ObjectPool::try_builder(move || Connection::open(server))
        .max(CONNECTIONS)
        .validate(|connection| connection.is_open())
        .recycle(|connection| if connection.broken { Recycle::Discard } else { Recycle::Keep })
        .idle_timeout(Duration::from_secs(30))
        .build();

    let answered: usize = thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                let pool = &pool;
                s.spawn(move || (0..REQUESTS).filter(|i| ask(pool, (t * REQUESTS + i) as u64)).count())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });

    let stats = pool.stats();
    println!("{answered} of {} requests answered over {} connections,", THREADS * REQUESTS, stats.created);
    println!("never more than {} at a time; {} times a thread waited for one", stats.high_water, stats.waits);
    assert_eq!(answered, THREADS * REQUESTS);
    assert!(stats.high_water <= CONNECTIONS);
    pool.close();
    assert_eq!(pool.stats().live, 0);
    Ok(())
}

/// One request; again where the server hung up between the check and the request, which may befall every connection once.
fn ask(pool: &ObjectPool<Connection>, number: u64) -> bool {
    (0..=CONNECTIONS).any(|_| match pool.acquire_timeout(Duration::from_secs(10)) {
        Ok(mut connection) => connection.request(number).is_ok_and(|answer| answer == number + 1),
        Err(AcquireError::Timeout) => {
            eprintln!("request {number}: all {CONNECTIONS} connections were busy for ten seconds");
            false
        }
        Err(refused) => {
            eprintln!("request {number}: {refused}");
            false
        }
    })
}

/// A server on the loopback interface that answers each number with the next, until the process ends.
fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) {
    let mut number = [0; 8];
    for _ in 0..PATIENCE {
        if stream.read_exact(&mut number).is_err() {
            return;
        }
        let next = u64::from_le_bytes(number) + 1;
        if stream.write_all(&next.to_le_bytes()).is_err() {
            return;
        }
    }
}
