use crate::model;
use bedplate::queue::{Pop, PopError, mpsc};
use loom::thread;

fn rest<T>(consumer: &impl Pop<T>) -> Vec<T> {
    std::iter::from_fn(|| consumer.try_pop().ok()).collect()
}

fn around_the_ring(capacity: usize) {
    model(3, move || {
        let (producer, consumer) = mpsc::ring(capacity);
        let pusher = thread::spawn(move || (0..3).filter(|n| producer.try_push(*n).is_ok()).collect::<Vec<_>>());
        let mut seen: Vec<_> = (0..3).filter_map(|_| consumer.try_pop().ok()).collect();
        let accepted = pusher.join().unwrap();
        seen.extend(rest(&consumer));
        assert_eq!(seen, accepted, "in order, none lost, none twice");
    });
}

#[test]
fn capacity_1_around_the_ring() {
    around_the_ring(1);
}

#[test]
fn capacity_2_around_the_ring() {
    around_the_ring(2);
}

/// Two producers, one of them in bulk, while the consumer frees the slots that they wait for.
#[test]
fn two_producers() {
    model(2, || {
        let (producer, consumer) = mpsc::ring(2);
        producer.try_push(0).unwrap();
        let other = producer.clone();
        let bulk = thread::spawn(move || producer.try_push_bulk(&mut vec![1, 2]));
        let single = thread::spawn(move || other.try_push(10).is_ok());
        let mut seen = Vec::new();
        consumer.try_pop_bulk(&mut seen, 2);
        let (pushed, single) = (bulk.join().unwrap(), single.join().unwrap());
        seen.extend(rest(&consumer));
        let bulk: Vec<_> = seen.iter().copied().filter(|n| *n < 10).collect();
        assert_eq!(bulk, [0, 1, 2][..=pushed]);
        assert_eq!(seen.len(), 1 + pushed + usize::from(single));
        assert_eq!(consumer.try_pop(), Err(PopError::Closed), "both are gone");
    });
}

#[test]
fn a_close_by_the_consumer_loses_nothing() {
    model(3, || {
        let (producer, consumer) = mpsc::ring(2);
        let pusher = thread::spawn(move || (0..2).filter(|n| producer.try_push(*n).is_ok()).count());
        consumer.close();
        let mut seen = 0;
        loop {
            match consumer.try_pop() {
                Ok(_) => seen += 1,
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(seen, pusher.join().unwrap());
    });
}
