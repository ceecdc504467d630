use crate::suite::io::anywhere::Anywhere;

#[test]
fn all_pages_are_drawn_about_as_often_and_none_past_the_end() {
    const PAGES: usize = 7;
    const DRAWN: u64 = 70_000;
    let mut anywhere = Anywhere::new(PAGES as u64);
    let mut drawn = [0_u64; PAGES];
    (0..DRAWN).for_each(|_| drawn[anywhere.page() as usize] += 1);
    let even = DRAWN / PAGES as u64;
    // Five in a hundred are more than five standard deviations.
    assert!(drawn.iter().all(|&count| count.abs_diff(even) < even / 20), "{drawn:?}");
}

#[test]
fn each_measurement_draws_other_pages() {
    let drawn = || {
        let mut anywhere = Anywhere::new(1 << 40);
        [anywhere.page(), anywhere.page(), anywhere.page()]
    };
    assert_ne!(drawn(), drawn());
}

#[test]
fn of_one_page_or_none_the_first_is_drawn() {
    assert_eq!((Anywhere::new(1).page(), Anywhere::new(0).page()), (0, 0));
}
