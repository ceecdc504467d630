use crate::queue::position::{Laps, Position, is_before};
use crate::queue::{Bounded, PopError, PushError};

#[test]
fn a_lap_visits_each_slot_once_and_ends_where_lap_after_says() {
    for capacity in [1, 2, 3, 4, 7, 8, 9, 100] {
        let laps = Laps::new(capacity);
        let mut at = Position::ZERO;
        for lap in 0..5 {
            let first = at;
            for index in 0..capacity {
                assert_eq!(laps.index(at), index);
                assert_eq!(laps.count(at), (lap * capacity + index) as u64);
                assert_eq!(laps.distance(first, at), index);
                assert!(is_before(at.vacant(), at.occupied()) && is_before(at.occupied(), laps.lap_after(at).vacant()));
                at = laps.next(at);
            }
            assert_eq!(at, laps.lap_after(first));
            assert_eq!(laps.distance(first, at), capacity);
        }
    }
}

#[test]
fn laps_go_on_past_the_end_of_the_word() {
    for capacity in [1_usize, 3, 4] {
        // The first position of the last lap that the word can tell.
        let last_lap = usize::MAX - (2 * capacity.next_power_of_two() - 1);
        let queue = Bounded::starting_at(capacity, Position::of(last_lap));
        for n in 0..10 * capacity {
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
