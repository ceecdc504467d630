use crate::model;
use bedplate::queue::{Pop, PopError, Push, Queue, spmc};
use loom::thread;

fn rest<T>(consumer: &impl Pop<T>) -> Vec<T> {
    std::iter::from_fn(|| consumer.try_pop().ok()).collect()
}

fn around_the_ring(capacity: usize) {
    model(3, move || {
        let (producer, consumer) = spmc::ring(capacity);
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

/// Two consumers, one of them in bulk, while the producer reuses the slots that they leave.
#[test]
fn two_consumers() {
    model(2, || {
        let (producer, consumer) = spmc::ring(2);
        producer.try_push_bulk(&mut vec![0, 1]);
        let other = consumer.clone();
        let bulk = thread::spawn(move || {
            let mut items = Vec::new();
            consumer.try_pop_bulk(&mut items, 2);
            items
        });
        let single = {
            let other = other.clone();
            thread::spawn(move || other.try_pop().ok())
        };
        let pushed = producer.try_push(2).is_ok();
        let mut all = bulk.join().unwrap();
        assert!(all.is_sorted());
        all.extend(single.join().unwrap());
        all.extend(rest(&other));
        all.sort_unstable();
        assert!(all.into_iter().eq(0..2 + i32::from(pushed)));
    });
}

/// Pushes through the trait announce themselves, so that a close from the other end loses none of them.
#[test]
fn a_close_by_a_consumer_loses_nothing() {
    model(3, || {
        let (producer, consumer) = spmc::ring(2);
        let pusher = thread::spawn(move || (0..2).filter(|n| Push::try_push(&producer, *n).is_ok()).count());
        Queue::close(&consumer);
        let mut seen = 0;
        loop {
            match consumer.try_pop() {
                Ok(_) => seen += 1,
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(consumer.try_pop(), Err(PopError::Closed), "closed for good");
        assert_eq!(seen, pusher.join().unwrap());
    });
}

/// What one consumer has found drained, the others do as well, also where a push announces itself in vain.
#[test]
fn drained_for_one_is_drained_for_all() {
    model(3, || {
        let (producer, consumer) = spmc::ring(1);
        let other = consumer.clone();
        let pusher = thread::spawn(move || Push::try_push(&producer, 1).is_ok());
        Queue::close(&consumer);
        let first = consumer.try_pop();
        if first == Err(PopError::Closed) {
            assert_eq!(other.try_pop(), Err(PopError::Closed));
        }
        let accepted = pusher.join().unwrap();
        assert_eq!(first.is_ok() || other.try_pop().is_ok(), accepted);
    });
}
