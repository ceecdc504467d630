use crate::model;
use bedplate::queue::{Pop, PopError, Push, PushError, Queue, spsc};
use loom::sync::Arc;
use loom::thread;

#[test]
fn items_come_in_order_around_the_ring() {
    for capacity in [1, 2] {
        model(3, move || {
            let (producer, consumer) = spsc::ring(capacity);
            let pusher = thread::spawn(move || (0..3).filter(|n| producer.try_push(*n).is_ok()).collect::<Vec<_>>());
            let mut seen: Vec<_> = (0..3).filter_map(|_| consumer.try_pop().ok()).collect();
            let accepted = pusher.join().unwrap();
            seen.extend(std::iter::from_fn(|| consumer.try_pop().ok()));
            assert_eq!(seen, accepted);
            assert_eq!(consumer.try_pop(), Err(PopError::Closed));
        });
    }
}

#[test]
fn bulk_comes_in_order_around_the_ring() {
    model(3, || {
        let (producer, consumer) = spsc::ring(2);
        let pusher = thread::spawn(move || {
            let mut items = vec![0, 1, 2];
            producer.try_push_bulk(&mut items);
            producer.try_push_bulk(&mut items);
            items.len()
        });
        let mut seen = Vec::new();
        consumer.try_pop_bulk(&mut seen, 1);
        consumer.try_pop_bulk(&mut seen, 2);
        let left = pusher.join().unwrap();
        consumer.try_pop_bulk(&mut seen, 3);
        assert_eq!(seen, (0..3 - left).collect::<Vec<_>>());
    });
}

#[test]
fn chunks_come_in_order_around_the_ring() {
    for capacity in [1, 2] {
        model(3, move || {
            let (mut producer, mut consumer) = spsc::ring(capacity);
            let pusher = thread::spawn(move || {
                let mut next = 0;
                for _ in 0..2 {
                    if let Ok(chunk) = producer.try_write_chunk(2) {
                        next += chunk.fill_from_iter(next..3);
                    }
                }
                next
            });
            let mut seen = Vec::new();
            if let Ok(chunk) = consumer.try_read_chunk(1) {
                seen.extend(chunk);
            }
            seen.extend(consumer.peek().is_ok().then(|| consumer.try_pop().unwrap()));
            if let Ok(chunk) = consumer.try_read_chunk(2) {
                chunk.into_iter().take(1).for_each(|item| seen.push(item));
            }
            let pushed = pusher.join().unwrap();
            while let Ok(chunk) = consumer.try_read_chunk(3) {
                seen.extend(chunk);
            }
            assert_eq!(seen, (0..pushed).collect::<Vec<_>>());
        });
    }
}

#[test]
fn a_forgotten_iterator_gives_its_slots_back_with_the_next_pop() {
    model(3, || {
        let (producer, mut consumer) = spsc::ring(1);
        producer.try_push(1).unwrap();
        let pusher = thread::spawn(move || {
            while producer.try_push(2).is_err() {
                thread::yield_now();
            }
        });
        let mut items = consumer.try_read_chunk(1).unwrap().into_iter();
        assert_eq!(items.next(), Some(1));
        std::mem::forget(items);
        while consumer.try_pop() != Ok(2) {
            thread::yield_now();
        }
        pusher.join().unwrap();
    });
}

#[test]
fn closed_is_answered_after_the_last_item_only() {
    model(3, || {
        let (producer, consumer) = spsc::ring(2);
        let pusher = thread::spawn(move || {
            producer.try_push(1).unwrap();
            drop(producer);
        });
        let mut seen = Vec::new();
        loop {
            match consumer.try_pop() {
                Ok(item) => seen.push(item),
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(seen, [1]);
        pusher.join().unwrap();
    });
}

#[test]
fn an_announced_push_before_the_consumers_close_is_popped() {
    model(3, || {
        let (producer, consumer) = spsc::ring(2);
        let pusher = thread::spawn(move || {
            let accepted = (0..3).filter(|n| Push::try_push(&producer, *n).is_ok()).count();
            (accepted, producer)
        });
        Queue::close(&consumer);
        let mut seen = 0;
        loop {
            match Pop::try_pop(&consumer) {
                Ok(_) => seen += 1,
                Err(PopError::Closed) => break,
                Err(PopError::Busy) => thread::yield_now(),
                Err(e) => panic!("a closed ring is never {e:?}"),
            }
        }
        assert_eq!(Pop::try_pop(&consumer), Err(PopError::Closed), "closed is closed, whatever push is being refused");
        let (accepted, producer) = pusher.join().unwrap();
        assert_eq!(seen, accepted);
        assert_eq!(producer.try_push(3), Err(PushError::Closed(3)));
    });
}

#[test]
fn what_a_leaving_consumer_did_not_see_is_dropped_once() {
    model(3, || {
        let token = Arc::new(());
        let (producer, consumer) = spsc::ring(2);
        let pusher = {
            let token = Arc::clone(&token);
            thread::spawn(move || {
                let _ = producer.try_push(Arc::clone(&token));
                let _ = producer.try_push(token);
            })
        };
        drop(consumer.try_pop());
        drop(consumer);
        pusher.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1);
    });
}
