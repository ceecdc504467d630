use crate::queue::ring::{Laps, Position};
use crate::queue::{Bounded, PopError, PushError};

fn a_lap_visits_each_slot_once<T>() {
    for capacity in [1, 2, 3, 4, 6, 7, 8, 9, 14, 32, 33, 100] {
        let laps = Laps::<T>::new(capacity);
        let mut at = Position::ZERO;
        for lap in 0..5 {
            let first = at;
            let mut places = Vec::new();
            for index in 0..capacity {
                assert_eq!(laps.count(at), (lap * capacity + index) as u64);
                assert_eq!(laps.distance(first, at), index);
                assert_eq!(laps.left_in_lap(at), capacity - index);
                assert_eq!(laps.skip(first, index), at, "{index} after the first of {capacity}");
                assert_eq!(laps.occupied(at), laps.vacant(at).next());
                assert_eq!(laps.occupied(at).next(), laps.vacant(laps.lap_after(at)));
                places.push(laps.place(at));
                at = laps.next(at);
            }
            assert_eq!(at, laps.lap_after(first));
            assert_eq!(laps.skip(first, capacity), at);
            assert_eq!(laps.distance(first, at), capacity);
            assert!(places.is_sorted_by(|a, b| a < b), "each place once, in order");
            assert!(places.iter().all(|place| place & ((1 << Laps::<T>::BITS) - 1) < Laps::<T>::PER_LINE));
        }
    }
}

#[test]
fn a_lap_visits_each_slot_once_and_ends_where_lap_after_says() {
    assert_eq!(
        [Laps::<()>::PER_LINE, Laps::<u8>::PER_LINE, Laps::<u16>::PER_LINE, Laps::<u32>::PER_LINE],
        [32, 32, 21, 12]
    );
    assert_eq!(
        [Laps::<u64>::PER_LINE, Laps::<u128>::PER_LINE, Laps::<String>::PER_LINE, Laps::<[u64; 4]>::PER_LINE],
        [7, 3, 2, 1]
    );
    a_lap_visits_each_slot_once::<()>();
    a_lap_visits_each_slot_once::<u8>();
    a_lap_visits_each_slot_once::<u16>();
    a_lap_visits_each_slot_once::<u32>();
    a_lap_visits_each_slot_once::<u64>();
    a_lap_visits_each_slot_once::<u128>();
    a_lap_visits_each_slot_once::<String>();
    a_lap_visits_each_slot_once::<[u64; 4]>();
}

/// Also past the end of what a stamp can tell, which is after 128 laps.
#[test]
fn laps_go_on_past_the_end_of_the_word() {
    for capacity in [1_usize, 3, 4, 7, 8, 15] {
        let queue = Bounded::in_last_lap(capacity);
        for n in 0..300 * capacity {
            for k in 0..capacity {
                assert_eq!(queue.try_push(n + k), Ok(()));
            }
            assert_eq!(queue.len(), capacity);
            assert_eq!(queue.try_push(0), Err(PushError::Full(0)));
            for k in 0..capacity {
                assert_eq!(queue.try_pop(), Ok(n + k));
            }
            assert_eq!(queue.try_pop(), Err(PopError::Empty));
        }
    }
}
