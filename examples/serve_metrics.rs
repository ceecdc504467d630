//! A server that answers `GET /metrics` with the figures of a batcher, a cache, a pool and a histogram, in Prometheus's
//! text format. It fetches them from itself once and ends; with `--serve 127.0.0.1:9000` it serves until it is killed.
//!
//! Figures are published when they are asked for and never else. There is no thread for it.

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::batch::Batcher;
use bedplate::cache::Cache;
use bedplate::pool::ObjectPool;
use bedplate::stats::{Histogram, Publisher};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The longest head of a request that is read.
const HEAD: usize = 8 << 10;
/// How long a client may take to send its request, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the server is about, if a poor one: squares of numbers, kept, and appended to a log.
struct Squares {
    known: Cache<u64, u64>,
    log: Batcher<u64>,
    lines: ObjectPool<String>,
    latency: Histogram,
}

impl Squares {
    fn new() -> Self {
        Self {
            known: Cache::new(100),
            log: Batcher::builder().max_items(32).linger(Duration::MAX).inline(|lines: &mut Vec<u64>| lines.clear()),
            lines: ObjectPool::builder(String::new).max(4).build(),
            latency: Histogram::new(),
        }
    }

    fn work(&self, numbers: impl Iterator<Item = u64>) -> Result<(), Box<dyn Error>> {
        for n in numbers {
            let start = Instant::now();
            let square = self.known.get_or_insert_with(n, || n * n);
            let mut line = self.lines.acquire()?;
            line.clear();
            line.push_str(&square.to_string());
            self.log.push(line.len() as u64).map_err(|_| "the log is closed")?;
            self.latency.record(start.elapsed().as_nanos() as u64);
        }
        Ok(())
    }
}

/// A publisher for each structure, and what renders all that they published.
struct Exporter<'a> {
    squares: &'a Squares,
    handle: &'a PrometheusHandle,
    known: Publisher,
    log: Publisher,
    lines: Publisher,
    all: Publisher,
}

impl<'a> Exporter<'a> {
    fn new(squares: &'a Squares, handle: &'a PrometheusHandle) -> Self {
        Self {
            squares,
            handle,
            known: Publisher::new("cache").label("cache", "squares"),
            log: Publisher::new("batcher").label("batcher", "log"),
            lines: Publisher::new("pool").label("pool", "lines"),
            all: Publisher::new("squares"),
        }
    }

    fn render(&mut self) -> String {
        self.known.publish(&self.squares.known.stats());
        self.log.publish(&self.squares.log.stats());
        self.lines.publish(&self.squares.lines.stats());
        self.all.publish_summary("latency_nanoseconds", &self.squares.latency.snapshot());
        self.handle.render()
    }
}

enum Answer {
    Metrics,
    Refused { status: &'static str, header: &'static str },
}

/// Whether a request's head is there to its end, the empty line.
fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|bytes| bytes == b"\r\n\r\n")
}

impl Answer {
    fn to(head: &[u8]) -> Self {
        if !is_whole(head) {
            return Self::Refused { status: "400 Bad Request", header: "" };
        }
        let line = head.split(|&byte| byte == b'\r').next().and_then(|line| str::from_utf8(line).ok());
        let mut words = line.unwrap_or_default().split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("GET"), Some("/metrics"), Some("HTTP/1.0" | "HTTP/1.1"), None) => Self::Metrics,
            (Some(_), Some("/metrics"), Some("HTTP/1.0" | "HTTP/1.1"), None) => {
                Self::Refused { status: "405 Method Not Allowed", header: "Allow: GET\r\n" }
            }
            (Some(_), Some(_), Some("HTTP/1.0" | "HTTP/1.1"), None) => {
                Self::Refused { status: "404 Not Found", header: "" }
            }
            _ => Self::Refused { status: "400 Bad Request", header: "" },
        }
    }
}

/// Reads up to the empty line; what a client sends that is too long, too slow or cut off, up to there.
fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    // The whole head has one deadline: a client that sends a byte now and then does not hold the server up.
    let deadline = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !is_whole(&head) && head.len() < HEAD {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        client.set_read_timeout(Some(left))?;
        match client.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => head.extend_from_slice(&piece[..n]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

fn answer(mut client: TcpStream, exporter: &mut Exporter) -> io::Result<()> {
    client.set_write_timeout(Some(PATIENCE))?;
    let head = head(&mut client)?;
    let (status, header, body) = match Answer::to(&head) {
        Answer::Metrics => ("200 OK", "Content-Type: text/plain; version=0.0.4\r\n", exporter.render()),
        Answer::Refused { status, header } => (status, header, String::new()),
    };
    let length = body.len();
    write!(client, "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
    client.shutdown(Shutdown::Write)
}

fn serve(clients: impl Iterator<Item = io::Result<TcpStream>>, exporter: &mut Exporter) {
    for client in clients {
        // A client that went away is no reason to stop.
        if let Err(error) = client.and_then(|client| answer(client, exporter)) {
            eprintln!("a request was not answered: {error}");
        }
    }
}

/// Sends a request and returns the answer.
fn fetch(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut server = TcpStream::connect(address)?;
    server.set_read_timeout(Some(2 * PATIENCE))?;
    server.write_all(request.as_bytes())?;
    server.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer)
}

fn main() -> Result<(), Box<dyn Error>> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;

    let squares = Squares::new();
    squares.work((0..1_000).map(|n| n * n % 150))?;
    let mut exporter = Exporter::new(&squares, &handle);

    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve", address] => {
            let listener = TcpListener::bind(address)?;
            println!("serving http://{}/metrics", listener.local_addr()?);
            thread::scope(|s| {
                s.spawn(|| {
                    for n in 0.. {
                        squares.work((0..100).map(|m| n * m % 150)).expect("nobody closes it");
                        thread::sleep(Duration::from_millis(100));
                    }
                });
                serve(listener.incoming(), &mut exporter);
            });
        }
        [] => {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let address = listener.local_addr()?;
            println!("serving http://{address}/metrics");
            thread::scope(|s| {
                s.spawn(|| serve(listener.incoming().take(5), &mut exporter));
                let answers = [
                    "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET /metrics HTTP/1.1\r\nHost: loc",
                    "hello",
                ]
                .map(|request| fetch(address, request));
                let [metrics, elsewhere, delete, cut_off, hello] = answers.map(|answer| answer.expect("it answers"));
                print!("{metrics}");
                assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
                let misses = squares.known.stats().misses;
                assert!(metrics.contains(&format!("\ncache_misses{{cache=\"squares\"}} {misses}\n")));
                assert!(metrics.contains("\nbatcher_pushed{batcher=\"log\"} 1000\n"));
                assert!(metrics.contains("\npool_max{pool=\"lines\"} 4\n"));
                assert!(metrics.contains("\nsquares_latency_nanoseconds_count 1000\n"));
                assert!(elsewhere.starts_with("HTTP/1.1 404 Not Found\r\n"));
                assert!(delete.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
                assert!(cut_off.starts_with("HTTP/1.1 400 Bad Request\r\n"));
                assert!(hello.starts_with("HTTP/1.1 400 Bad Request\r\n"));
            });
        }
        _ => return Err("usage: serve_metrics [--serve ADDRESS:PORT]".into()),
    }
    Ok(())
}
